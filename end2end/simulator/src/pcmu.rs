//! G.711 µ-law (ITU-T G.711, RTP payload type 0): 8 kHz, one byte a sample.

const BIAS: i32 = 0x84;
const CLIP: i32 = 32_635;

/// One linear sample as µ-law.
pub fn encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    let exponent = (0..8)
        .rev()
        .find(|bit| magnitude & (0x80 << bit) != 0)
        .unwrap_or(0);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    !(sign | (exponent << 4) as u8 | mantissa as u8)
}

/// One µ-law byte as a linear sample.
pub fn decode(byte: u8) -> i16 {
    let byte = !byte;
    let exponent = i32::from(byte >> 4 & 0x07);
    let mantissa = i32::from(byte & 0x0F);
    let magnitude = (((mantissa << 3) + BIAS) << exponent) - BIAS;
    (if byte & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_a_round_trip() {
        // 0x7F is negative zero: it decodes to 0, which encodes as positive zero.
        for byte in (0..=255u8).filter(|&byte| byte != 0x7F) {
            assert_eq!(encode(decode(byte)), byte);
        }
    }

    #[test]
    fn linear_samples_come_back_within_a_quantisation_step() {
        for sample in (-32_000..32_000).step_by(37) {
            let back = i32::from(decode(encode(sample as i16)));
            assert!(
                (back - sample).abs() <= (sample.abs() / 16).max(8),
                "{sample} came back as {back}"
            );
        }
    }

    #[test]
    fn silence_is_0xff() {
        assert_eq!(encode(0), 0xFF);
        assert_eq!(decode(0xFF), 0);
    }
}
