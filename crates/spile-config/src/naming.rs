//! dlt's `snake_case` for one name: the dataset's.
//!
//! Tables and columns are named by the normaliser, which owns the full convention with shortening.

/// Normalises a dataset name as dlt's default naming convention does.
pub(crate) fn dataset_name(name: &str) -> String {
    let mut reduced = Vec::with_capacity(name.len());
    let mut in_run = false;
    for character in name.trim().chars() {
        let (mapped, odd) = match character {
            '+' | '*' => ('x', false),
            '@' => ('a', false),
            '|' => ('l', false),
            '-' => ('_', false),
            _ if character.is_ascii_alphanumeric() || character == '_' => (character, false),
            _ => ('_', true),
        };
        // A run of odd characters becomes one underscore; written underscores are counted.
        if !(odd && in_run) {
            reduced.push(mapped);
        }
        in_run = odd;
    }
    let mut snake = snake_case(&reduced).to_ascii_lowercase();
    if snake.starts_with(|first: char| first.is_ascii_digit()) {
        snake.insert(0, '_');
    }
    let kept = snake.trim_end_matches('_').len();
    let trailing = snake.len() - kept;
    snake.truncate(kept);
    snake.push_str(&"x".repeat(trailing));
    let mut characters: Vec<char> = snake.chars().collect();
    characters.dedup_by(|next, previous| *next == '_' && *previous == '_');
    characters.into_iter().collect()
}

/// Breaks before an upper-case letter that follows a lower-case one or a digit, or that starts a word after capitals.
fn snake_case(characters: &[char]) -> String {
    let mut snake = String::with_capacity(characters.len() + 4);
    for (index, character) in characters.iter().enumerate() {
        let previous = index.checked_sub(1).map(|before| characters[before]);
        let next = characters.get(index + 1);
        let after_small = previous.is_some_and(|found| found.is_ascii_lowercase() || found.is_ascii_digit());
        let after_word =
            previous.is_some_and(|found| found != '_') && next.is_some_and(char::is_ascii_lowercase);
        if character.is_ascii_uppercase() && (after_small || after_word) {
            snake.push('_');
        }
        snake.push(*character);
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::dataset_name;

    /// Every expectation was produced by dlt 1.31.
    #[test]
    fn as_dlt() {
        for (name, expected) in [
            ("calls_dataset", "calls_dataset"),
            ("000_1999844190bc26c8_dataset", "_000_1999844190bc26c8_dataset"),
            ("MyPipeline_dataset", "my_pipeline_dataset"),
            ("HTTPServer-v2", "http_server_v2"),
            ("a--b__c", "a_b_c"),
            ("Data Set!", "data_setx"),
            ("fünf", "f_nf"),
            ("x@y|z+*", "xaylzxx"),
            ("ABCd", "ab_cd"),
            ("a_", "ax"),
            ("a__", "axx"),
            ("a!!", "ax"),
            ("AB1Cd", "ab1_cd"),
        ] {
            assert_eq!(dataset_name(name), expected, "{name}");
        }
    }
}
