//! Which numbers may be called: what people typed, read by the world's numbering plans (libphonenumber's metadata).

use super::config::Config;
use crate::domain::{
    phone::{DialPlan, InvalidNumber, PhoneNumber, dialled},
    view::Reason,
};
use phonenumber::{Metadata, Mode, Type, country, metadata::DATABASE};

/// The installation's reading of numbers: its own country, and where it may call.
#[derive(Debug, Clone)]
pub struct Numbers {
    plan: DialPlan,
    default_country: String,
    /// `None` means everywhere.
    allowed: Option<Vec<String>>,
}

/// A number that may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub e164: PhoneNumber,
    /// ISO 3166 code, `SA`; `001` for numbers that belong to no country.
    pub region: String,
    pub kind: Kind,
    number: phonenumber::PhoneNumber,
}

impl Checked {
    /// As people of that country write it: `056 970 5616`.
    pub fn national(&self) -> String {
        self.number.format().mode(Mode::National).to_string()
    }

    /// `+966 56 970 5616`
    pub fn international(&self) -> String {
        self.number.format().mode(Mode::International).to_string()
    }
}

/// What answers at a number, as far as its digits tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Mobile,
    Fixed,
    /// Countries such as the United States do not tell the two apart.
    FixedOrMobile,
    TollFree,
    /// A company's number, voice over IP and the like.
    Other,
}

/// Calling codes whose every number is satellite, shared-cost or premium-rate, none of them a country:
/// Inmarsat, Iridium and Globalstar, international networks, shared cost, premium rate. ITU-T E.164, list of assigned codes.
const COSTLY_CODES: [&str; 6] = ["870", "881", "882", "883", "808", "979"];

/// The longest of the world's emergency numbers and short codes.
const LONGEST_SHORT_CODE: usize = 6;

impl Numbers {
    pub fn new(config: &Config) -> Self {
        Self::of(&config.default_country, config.allowed_countries.clone())
    }

    /// For `default_country` (an ISO code that [`is_country`] knows), calling `allowed` countries.
    pub fn of(default_country: &str, allowed: Option<Vec<String>>) -> Self {
        let metadata = DATABASE.by_id(default_country);
        let plan = DialPlan {
            calling_code: metadata
                .map(|m| m.country_code().to_string())
                .unwrap_or_default(),
            trunk_prefix: metadata
                .and_then(|m| m.national_prefix())
                .unwrap_or_default()
                .to_owned(),
        };
        Self {
            plan,
            default_country: default_country.to_owned(),
            allowed,
        }
    }

    /// How the default country's local numbers are read.
    pub fn dial_plan(&self) -> &DialPlan {
        &self.plan
    }

    /// Reads what was typed, and says whether it may be called.
    pub fn check(&self, typed: &str) -> Result<Checked, Reason> {
        let checked = self.identify(typed)?;
        match &self.allowed {
            Some(allowed) if !allowed.contains(&checked.region) => Err(Reason::CountryNotAllowed),
            _ => Ok(checked),
        }
    }

    /// As [`Numbers::check`], wherever the number may be.
    pub fn identify(&self, typed: &str) -> Result<Checked, Reason> {
        let typed_number = PhoneNumber::parse(typed, &self.plan).map_err(|error| match error {
            InvalidNumber::Empty => Reason::NumberMissing,
            InvalidNumber::TooShort if is_short(typed) => Reason::NumberShort,
            _ => Reason::NumberInvalid,
        })?;
        let digits = typed_number.as_str().trim_start_matches('+');
        if COSTLY_CODES.iter().any(|code| digits.starts_with(code)) {
            return Err(Reason::NumberCostly);
        }
        let number =
            phonenumber::parse(None, typed_number.as_str()).map_err(|_| Reason::NumberInvalid)?;
        let national = number.national().to_string();
        let country = metadata(number.country().code(), &national).ok_or(Reason::NumberInvalid)?;
        let kind = match kind(country, &national) {
            Type::PremiumRate | Type::SharedCost | Type::PersonalNumber | Type::Pager => {
                return Err(Reason::NumberCostly);
            }
            Type::Unknown => return Err(Reason::NumberInvalid),
            Type::Mobile => Kind::Mobile,
            Type::FixedLine => Kind::Fixed,
            Type::FixedLineOrMobile => Kind::FixedOrMobile,
            Type::TollFree => Kind::TollFree,
            _ => Kind::Other,
        };
        let e164 = number.format().mode(Mode::E164).to_string();
        Ok(Checked {
            e164: PhoneNumber::parse_e164(&e164).map_err(|_| Reason::NumberInvalid)?,
            region: country.id().to_owned(),
            kind,
            number,
        })
    }

    /// As people of this installation write the number: without the country where it is their own.
    pub fn display(&self, number: &PhoneNumber) -> String {
        match self.identify(number.as_str()) {
            Ok(checked) if checked.region == self.default_country => checked.national(),
            Ok(checked) => checked.international(),
            Err(_) => number.to_string(),
        }
    }
}

/// Is this the ISO 3166 code, in capitals, of a country that has telephones?
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && code.parse::<country::Id>().is_ok() && DATABASE.by_id(code).is_some()
}

/// The numbering plan that a number belongs to. The crate's own answer looks at the national number without its leading zeros, which in Italy
/// belong to the number.
fn metadata(calling_code: u16, national: &str) -> Option<&'static Metadata> {
    let plans = DATABASE.by_code(&calling_code)?;
    if let [only] = plans[..] {
        return Some(only);
    }
    let mut regions = DATABASE
        .region(&calling_code)?
        .into_iter()
        .filter_map(|region| DATABASE.by_id(region));
    regions.find(|plan| match plan.leading_digits() {
        Some(leading) => leading
            .find(national)
            .is_some_and(|found| found.start() == 0),
        None => kind(plan, national) != Type::Unknown,
    })
}

fn kind(plan: &Metadata, national: &str) -> Type {
    let is = |kind: Type| {
        plan.descriptors()
            .get(kind)
            .is_some_and(|descriptor| descriptor.is_match(national))
    };
    if !plan.descriptors().general().is_match(national) {
        return Type::Unknown;
    }
    let special = [
        Type::PremiumRate,
        Type::TollFree,
        Type::SharedCost,
        Type::Voip,
        Type::PersonalNumber,
        Type::Pager,
        Type::Uan,
        Type::Voicemail,
    ];
    match special.into_iter().find(|kind| is(*kind)) {
        Some(kind) => kind,
        None if is(Type::FixedLine) && is(Type::Mobile) => Type::FixedLineOrMobile,
        None if is(Type::FixedLine) => Type::FixedLine,
        None if is(Type::Mobile) => Type::Mobile,
        None => Type::Unknown,
    }
}

fn is_short(typed: &str) -> bool {
    dialled(typed).is_ok_and(|digits| digits.trim_start_matches('+').len() <= LONGEST_SHORT_CODE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn riyadh() -> Numbers {
        Numbers::of("SA", Some(vec!["SA".into(), "IT".into()]))
    }

    fn world() -> Numbers {
        Numbers::of("SA", None)
    }

    #[test]
    fn local_international_and_arabic_digits_are_one_number() {
        for typed in [
            "0569705616",
            "٠٥٦٩٧٠٥٦١٦",
            "+966569705616",
            "00966 56 970 5616",
            "+966 (0) 56 970 5616",
            "\u{200f}０５６９７０５６１６",
        ] {
            let checked = riyadh().check(typed).expect(typed);
            assert_eq!(checked.e164.as_str(), "+966569705616", "{typed}");
            assert_eq!(
                (checked.region.as_str(), checked.kind),
                ("SA", Kind::Mobile),
                "{typed}"
            );
            assert_eq!(
                (checked.national(), checked.international()),
                ("056 970 5616".into(), "+966 56 970 5616".into())
            );
        }
    }

    #[test]
    fn what_may_not_be_called_says_why() {
        for (typed, reason) in [
            ("", Reason::NumberMissing),
            (" \u{200f}", Reason::NumberMissing),
            ("client:other", Reason::NumberInvalid),
            ("sip:a@b.example", Reason::NumberInvalid),
            ("</Number><Dial>+1900", Reason::NumberInvalid),
            ("0569705616,,1234#", Reason::NumberInvalid),
            ("+9665697056161234", Reason::NumberInvalid),
            ("+966123", Reason::NumberShort),
            ("911", Reason::NumberShort),
            ("999", Reason::NumberShort),
            ("٩٩٩", Reason::NumberShort),
            ("+15005550006", Reason::NumberCostly),
            ("+442079460000", Reason::CountryNotAllowed),
            ("+12125550123", Reason::CountryNotAllowed),
            ("+80012345678", Reason::CountryNotAllowed),
            ("+870773111632", Reason::NumberCostly),
            ("+881612345678", Reason::NumberCostly),
            ("+88213300655", Reason::NumberCostly),
            ("+883510012345678", Reason::NumberCostly),
            ("+39899123456", Reason::NumberCostly),
        ] {
            assert_eq!(
                riyadh().check(typed).map(|checked| checked.e164),
                Err(reason),
                "{typed}"
            );
        }
    }

    #[test]
    fn costly_numbers_stay_refused_where_every_country_is_allowed() {
        for typed in ["+19002345678", "+447012345678", "+9791234567890"] {
            assert_eq!(
                world().check(typed).map(|checked| checked.e164),
                Err(Reason::NumberCostly),
                "{typed}"
            );
        }
        assert!(world().check("+442079460000").is_ok());
    }

    #[test]
    fn a_leading_zero_that_belongs_to_the_number_stays() {
        assert_eq!(
            riyadh()
                .check("+390612345678")
                .map(|checked| checked.e164.to_string()),
            Ok("+390612345678".into())
        );
    }

    #[test]
    fn the_dial_plan_comes_from_the_metadata() {
        assert_eq!(riyadh().dial_plan(), &DialPlan::saudi_arabia());
        let plan = Numbers::of("US", None);
        assert_eq!(
            (
                plan.dial_plan().calling_code.as_str(),
                plan.dial_plan().trunk_prefix.as_str()
            ),
            ("1", "1")
        );
    }

    #[test]
    fn countries_are_known_by_their_codes() {
        assert!(["SA", "AE", "GB", "US"].into_iter().all(is_country));
        assert!(
            !["", "sa", "XX", "001", "SAU", "../"]
                .into_iter()
                .any(is_country)
        );
    }

    #[test]
    fn our_own_numbers_are_shown_as_we_write_them() {
        let number = |text| PhoneNumber::parse_e164(text).expect("E.164");
        assert_eq!(world().display(&number("+966569705616")), "056 970 5616");
        assert_eq!(
            world().display(&number("+442079460000")),
            "+44 20 7946 0000"
        );
        assert_eq!(world().display(&number("+15005550006")), "+15005550006");
    }

    proptest! {
        #[test]
        fn checking_never_panics_and_what_it_accepts_it_accepts_again(typed in "\\PC{0,24}|[+]?[0-9]{6,15}") {
            if let Ok(checked) = world().check(&typed) {
                prop_assert_eq!(world().check(checked.e164.as_str()), Ok(checked));
            }
        }
    }
}
