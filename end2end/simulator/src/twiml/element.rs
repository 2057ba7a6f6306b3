//! XML, read whole.

use quick_xml::{Reader, events::BytesStart, events::Event};

use super::{Callback, TwimlError};

/// An element with its attributes, text and children: TwiML is small enough to be read whole.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.attribute(name)?.trim().parse().ok()
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.attribute(name)
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    pub(super) fn callback(&self, name: &str) -> Callback {
        let events = self.attribute(&format!("{name}Event")).unwrap_or_default();
        Callback {
            url: self
                .attribute(name)
                .map(str::trim)
                .filter(|url| !url.is_empty())
                .map(str::to_owned),
            events: events.split_whitespace().map(str::to_owned).collect(),
            get: self.is(&format!("{name}Method"), "GET"),
        }
    }
}

/// Reads a whole document; what is not one well-formed element is error 12100.
pub(super) fn read(document: &str) -> Result<Element, TwimlError> {
    let parse = |error: &dyn std::fmt::Display| TwimlError::Parse(error.to_string());
    let mut reader = Reader::from_str(document);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    loop {
        match reader.read_event().map_err(|error| parse(&error))? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => close(element(&start)?, &mut open, &mut root)?,
            Event::End(_) => {
                let done = open
                    .pop()
                    .ok_or_else(|| parse(&"an end tag without its start"))?;
                close(done, &mut open, &mut root)?;
            }
            Event::Text(text) => match open.last_mut() {
                Some(parent) => parent.text.push_str(&text.xml10_content()),
                None if text.trim().is_empty() => {}
                None => return Err(parse(&"text outside of the root element")),
            },
            Event::CData(data) => {
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(&data);
                }
            }
            Event::GeneralRef(reference) => {
                let resolved = match reference
                    .resolve_char_ref()
                    .map_err(|error| parse(&error))?
                {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)
                        .ok_or_else(|| parse(&format!("unknown entity &{};", &*reference)))?
                        .to_owned(),
                };
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(&resolved);
                }
            }
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        _ => Err(parse(&"the document is empty or cut short")),
    }
}

fn close(
    done: Element,
    open: &mut [Element],
    root: &mut Option<Element>,
) -> Result<(), TwimlError> {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None if root.is_some() => {
            return Err(TwimlError::Parse("more than one root element".into()));
        }
        None => *root = Some(done),
    }
    Ok(())
}

fn element(start: &BytesStart<'_>) -> Result<Element, TwimlError> {
    let name = start.local_name().as_ref().to_owned();
    let attributes = start
        .attributes()
        .map(|attribute| {
            let attribute = attribute.map_err(|error| TwimlError::Parse(error.to_string()))?;
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|error| TwimlError::Parse(error.to_string()))?;
            Ok((
                attribute.key.local_name().as_ref().to_owned(),
                value.into_owned(),
            ))
        })
        .collect::<Result<_, TwimlError>>()?;
    Ok(Element {
        name,
        attributes,
        ..Element::default()
    })
}
