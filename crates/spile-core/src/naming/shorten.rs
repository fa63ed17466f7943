//! Names that are too long: head, six characters of a hash, tail, as dlt cuts them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use shake::Shake128;
use shake::digest::{ExtendableOutput as _, Update as _, XofReader as _};

use crate::destination::IdentifierRules;

/// Characters of the tag that marks a shortened name.
const TAG_LENGTH: usize = 6;

/// Cuts the middle out of a name that is too long and puts a hash of the original there.
///
/// dlt counts characters. Where the destination counts bytes, a name that is still too long loses more of its middle.
pub(super) fn shorten(name: String, original: &str, rules: IdentifierRules) -> String {
    let length = name.chars().count();
    let bytes_max = rules.bytes_max.unwrap_or(usize::MAX);
    if length <= rules.length_max && name.len() <= bytes_max {
        return name;
    }
    let tag = tag(original);
    let mut length_max = rules.length_max.min(length);
    loop {
        let cut = cut(&name, length, &tag, length_max);
        if cut.len() <= bytes_max || length_max <= 1 {
            return cut;
        }
        length_max -= 1;
    }
}

/// Returns six letters and digits that stand for a text.
pub(super) fn tag(text: &str) -> String {
    let mut hasher = Shake128::default();
    hasher.update(text.as_bytes());
    let mut bytes = [0; 4];
    hasher.finalize_xof().read(&mut bytes);
    let letter = |character: char| match character {
        '/' => 'a',
        '+' => 'b',
        other => other.to_ascii_lowercase(),
    };
    STANDARD_NO_PAD.encode(bytes).chars().map(letter).collect()
}

fn cut(name: &str, length: usize, tag: &str, length_max: usize) -> String {
    // A limit shorter than the tag has no room for anything else.
    let Some(remaining) = length_max.checked_sub(TAG_LENGTH) else {
        return tag.chars().take(length_max.max(1)).collect();
    };
    let head = remaining / 2 + remaining % 2;
    let tail = remaining / 2;
    name.chars().take(head).chain(tag.chars()).chain(name.chars().skip(length - tail)).collect()
}
