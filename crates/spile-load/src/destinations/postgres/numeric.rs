//! Decimals in PostgreSQL's binary form: groups of four decimal digits around the point.

const BASE: u128 = 10_000;
const GROUP_DIGITS: u16 = 4;
const NEGATIVE: u16 = 0x4000;

/// Appends `digits * 10^-scale`.
pub(super) fn push_numeric(bytes: &mut Vec<u8>, digits: i128, scale: u16) {
    // The groups are aligned at the point, so the last one is filled up with zeros.
    let missing = (GROUP_DIGITS - scale % GROUP_DIGITS) % GROUP_DIGITS;
    let magnitude = digits.unsigned_abs();
    let (mut rest, last) = if missing == 0 {
        (magnitude, None)
    } else {
        let split = 10_u128.pow(u32::from(GROUP_DIGITS - missing));
        (magnitude / split, Some((magnitude % split) as u16 * 10_u16.pow(u32::from(missing))))
    };
    let mut groups: Vec<u16> = last.into_iter().collect();
    while rest > 0 {
        groups.push((rest % BASE) as u16);
        rest /= BASE;
    }
    groups.reverse();
    let groups_after_point = scale.div_ceil(GROUP_DIGITS) as i16;
    let mut weight = groups.len() as i16 - groups_after_point - 1;
    let leading = groups.iter().take_while(|group| **group == 0).count();
    weight -= leading as i16;
    let trailing = groups[leading..].iter().rev().take_while(|group| **group == 0).count();
    let groups = &groups[leading..groups.len() - trailing];
    let sign = if digits < 0 { NEGATIVE } else { 0 };
    bytes.extend((groups.len() as u16).to_be_bytes());
    bytes.extend((if groups.is_empty() { 0 } else { weight }).to_be_bytes());
    bytes.extend(sign.to_be_bytes());
    bytes.extend(scale.to_be_bytes());
    for group in groups {
        bytes.extend(group.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns count, weight, sign, scale and groups.
    fn numeric(digits: i128, scale: u16) -> Vec<i32> {
        let mut bytes = Vec::new();
        push_numeric(&mut bytes, digits, scale);
        bytes.chunks(2).map(|pair| i32::from(i16::from_be_bytes([pair[0], pair[1]]))).collect()
    }

    #[test]
    fn groups_are_aligned_at_the_point() {
        assert_eq!(numeric(0, 9), [0, 0, 0, 9]);
        assert_eq!(numeric(1_250_000_000, 9), [2, 0, 0, 9, 1, 2500]);
        assert_eq!(numeric(-12_345_678, 0), [2, 1, 0x4000, 0, 1234, 5678]);
        assert_eq!(numeric(1, 9), [1, -3, 0, 9, 1000]);
        assert_eq!(numeric(10_000, 0), [1, 1, 0, 0, 1]);
        assert_eq!(numeric(123_456, 2), [2, 0, 0, 2, 1234, 5600]);
        assert_eq!(numeric(i128::MAX, 0).len(), 4 + 10);
    }
}
