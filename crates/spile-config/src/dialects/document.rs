//! Documents: the config is one fenced block of a Markdown or plain text file.
//!
//! Everything outside the block is blanked out byte by byte and the block's own dialect reads the rest, so positions are
//! those of the document. Invariant: a block is chosen only when it is the only candidate, or named by the user.

use std::ops::Range;

use spile_core::{Diagnostic, Diagnostics};

use crate::dialects::{DIALECTS, Reading, SourceConfig};

/// A fenced block that may hold a config.
struct Block {
    dialect: &'static str,
    content: Range<usize>,
    line: usize,
}

pub(crate) fn read(reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Option<SourceConfig> {
    let blocks: Vec<Block> =
        fenced_blocks(reading.text).into_iter().filter(|block| holds_config(block, reading.text)).collect();
    let block = choose(&blocks, reading, diagnostics)?;
    let mut blanked = blank_outside(reading.text, &block.content);
    if block.dialect == "python" {
        allow_indentation(&mut blanked, &block.content);
    }
    let dialect = DIALECTS.iter().find(|dialect| dialect.name == block.dialect)?;
    dialect.read(&Reading { text: &blanked, ..*reading }, diagnostics)
}

fn choose<'b>(
    blocks: &'b [Block],
    reading: &Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<&'b Block> {
    let list = || {
        let lines: Vec<String> = blocks
            .iter()
            .enumerate()
            .map(|(index, block)| format!("{} ({}, line {})", index + 1, block.dialect, block.line))
            .collect();
        lines.join("; ")
    };
    match (reading.block, blocks) {
        (_, []) => {
            diagnostics.push(
                Diagnostic::error("config/no-block", "the document has no fenced block that holds a config")
                    .hint("Put the config into a block that starts with ```python, ```yaml, ```toml or ```json."),
            );
            None
        }
        (None, [block]) => Some(block),
        (None, [_, second, ..]) => {
            diagnostics.push(
                Diagnostic::error(
                    "config/several-blocks",
                    format!("the document has {} blocks that hold a config: {}", blocks.len(), list()),
                )
                .at(&reading.span(second.content.start, second.content.start))
                .hint("Say which one with `--block N`."),
            );
            None
        }
        (Some(number), _) => {
            let block = number.checked_sub(1).and_then(|index| blocks.get(index));
            if block.is_none() {
                diagnostics.push(
                    Diagnostic::error(
                        "config/unknown-block",
                        format!("the document has no config block {number}"),
                    )
                    .hint(format!("The blocks are: {}.", list())),
                );
            }
            block
        }
    }
}

/// Finds fenced blocks in a language that a dialect understands. An unclosed fence ends with the text, as in `CommonMark`.
fn fenced_blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(char, usize, Option<&'static str>, usize, usize)> = None;
    let mut offset = 0;
    let mut number = 0;
    for line in text.split_inclusive('\n') {
        number += 1;
        let next = offset + line.len();
        let trimmed = line.trim();
        let fence = trimmed.chars().next().filter(|first| matches!(first, '`' | '~'));
        let length = fence.map_or(0, |fence| trimmed.chars().take_while(|found| *found == fence).count());
        match (open, fence) {
            (None, Some(fence)) if length >= 3 => {
                open = Some((fence, length, language(&trimmed[length..]), next, number));
            }
            (Some((fence, least, dialect, start, line)), Some(found))
                if found == fence && length >= least && trimmed.len() == length =>
            {
                blocks.extend(dialect.map(|dialect| Block { dialect, content: start..offset, line }));
                open = None;
            }
            _ => {}
        }
        offset = next;
    }
    if let Some((_, _, Some(dialect), start, line)) = open {
        blocks.push(Block { dialect, content: start..offset, line });
    }
    blocks
}

/// Maps the info string of a fence to a dialect.
fn language(info: &str) -> Option<&'static str> {
    let word = info.trim().split([' ', ',', '{', ':']).next().unwrap_or_default().to_lowercase();
    match word.as_str() {
        "python" | "py" | "python3" => Some("python"),
        "yaml" | "yml" => Some("yaml"),
        "toml" => Some("toml"),
        "json" => Some("json"),
        _ => None,
    }
}

fn holds_config(block: &Block, text: &str) -> bool {
    let content = &text[block.content.clone()];
    match block.dialect {
        "python" => content.contains("rest_api_source") || content.contains("rest_api_resources"),
        _ => content.contains("client") && content.contains("resources"),
    }
}

/// Lets a script that is indented as a whole (in a list item) be Python: its fence becomes the `if` that it stands under, so
/// that no position moves.
fn allow_indentation(blanked: &mut String, content: &Range<usize>) {
    const OPENING: &str = "if 1:";
    let is_indented = blanked[content.clone()]
        .lines()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| line.starts_with([' ', '\t']));
    let fence_end = blanked[..content.start].trim_end_matches(['\n', '\r']).len();
    let fence = blanked[..fence_end].rfind('\n').map_or(0, |newline| newline + 1);
    if is_indented && fence_end - fence >= OPENING.len() {
        blanked.replace_range(fence..fence + OPENING.len(), OPENING);
    }
}

/// Replaces every byte outside the range by a space, line breaks excepted.
fn blank_outside(text: &str, range: &Range<usize>) -> String {
    let blank = |part: &str| -> String {
        part.bytes().map(|byte| if byte == b'\n' || byte == b'\r' { char::from(byte) } else { ' ' }).collect()
    };
    let mut blanked = blank(&text[..range.start]);
    blanked.push_str(&text[range.clone()]);
    blanked.push_str(&blank(&text[range.end..]));
    blanked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_by_language() {
        let text = "```\nx\n```\n~~~yaml\nclient: {}\nresources: []\n~~~\n````python title=x\n```\nrest_api_source\n````\n";
        let found: Vec<(&str, usize)> =
            fenced_blocks(text).iter().map(|block| (block.dialect, block.line)).collect();
        assert_eq!(found, [("yaml", 4), ("python", 8)]);
    }

    #[test]
    fn blanking_keeps_offsets() {
        let text = "é\r\nabc\nü";
        let blanked = blank_outside(text, &(4..7));
        assert_eq!(blanked, "  \r\nabc\n  ");
        assert_eq!(blanked.len(), text.len());
    }
}
