//! dlt's layouts: where the files of a table are, such as `{table_name}/{load_id}.{file_id}.{ext}`.
//!
//! Pure. Dates are those of the load id, in UTC, so that a package gives the same names however often it is tried.
//! Invariant: two loads never give one name to two files.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use spile_core::{Error, ErrorKind, Result};

/// dlt's default.
pub(super) const DEFAULT: &str = "{table_name}/{load_id}.{file_id}.{ext}";

const TABLE: &str = "table_name";
const SCHEMA: &str = "schema_name";

/// Placeholders that are no dates.
const NAMES: [&str; 10] = [
    SCHEMA,
    TABLE,
    "load_id",
    "file_id",
    "ext",
    "curr_date",
    "timestamp",
    "timestamp_ms",
    "load_package_timestamp",
    "load_package_timestamp_ms",
];

type WritePart = fn(&DateTime) -> String;

/// Parts of a date, in lower case as dlt writes them.
const DATES: [(&str, WritePart); 24] = [
    ("YYYY", |at| format!("{:04}", at.year())),
    ("YY", |at| format!("{:02}", at.year() % 100)),
    ("Y", |at| at.year().to_string()),
    ("MMMM", |at| at.strftime("%B").to_string().to_lowercase()),
    ("MMM", |at| at.strftime("%b").to_string().to_lowercase()),
    ("MM", |at| format!("{:02}", at.month())),
    ("M", |at| at.month().to_string()),
    ("DD", |at| format!("{:02}", at.day())),
    ("D", |at| at.day().to_string()),
    ("HH", |at| format!("{:02}", at.hour())),
    ("H", |at| at.hour().to_string()),
    ("mm", |at| format!("{:02}", at.minute())),
    ("m", |at| at.minute().to_string()),
    ("dddd", |at| at.strftime("%A").to_string().to_lowercase()),
    ("ddd", |at| at.strftime("%a").to_string().to_lowercase()),
    ("dd", |at| at.strftime("%a").to_string().to_lowercase().chars().take(2).collect()),
    ("d", |at| at.weekday().to_sunday_zero_offset().to_string()),
    ("ss", |at| format!("{:02}", at.second())),
    ("s", |at| at.second().to_string()),
    ("SSSS", |at| fraction(at, 4)),
    ("SSS", |at| fraction(at, 3)),
    ("SS", |at| fraction(at, 2)),
    ("S", |at| fraction(at, 1)),
    ("Q", |at| ((at.month() - 1) / 3 + 1).to_string()),
];

fn fraction(at: &DateTime, digits: usize) -> String {
    format!("{:09}", at.subsec_nanosecond())[..digits].to_owned()
}

/// What a name is made of.
pub(super) struct FileName<'a> {
    /// The schema.
    pub(super) schema: &'a str,
    /// The table.
    pub(super) table: &'a str,
    /// The load.
    pub(super) load_id: &'a str,
    /// What tells the files of one load and table apart.
    pub(super) file_id: &'a str,
    /// The extension, without the first dot.
    pub(super) extension: &'a str,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Placeholder(String),
}

/// A layout that was found good.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    parts: Vec<Part>,
}

impl Layout {
    /// Reads a layout.
    pub(super) fn parse(layout: &str) -> Result<Self> {
        let refuse = |message: &str, hint: &str| {
            Error::new(ErrorKind::Config, "destination/layout", message).with("layout", layout).hint(hint)
        };
        let mut parts = Vec::new();
        let mut rest = layout;
        while let Some((text, behind)) = rest.split_once('{') {
            let Some((name, after)) = behind.split_once('}') else {
                return Err(refuse("a placeholder of the layout is not closed", "Add the missing `}`."));
            };
            if !NAMES.contains(&name) && !DATES.iter().any(|(date, _)| *date == name) {
                return Err(refuse(
                    "the layout has a placeholder that is not known",
                    "Use table_name, schema_name, load_id, file_id, ext, timestamp, curr_date and dlt's parts of \
                     dates; extra_placeholders are not supported yet.",
                )
                .with("placeholder", name));
            }
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
            parts.push(Part::Placeholder(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if !parts.contains(&Part::Placeholder("ext".to_owned())) {
            parts.extend([Part::Text(".".to_owned()), Part::Placeholder("ext".to_owned())]);
        }
        let layout = Self { parts };
        layout.check(&refuse)?;
        Ok(layout)
    }

    fn check(&self, refuse: &dyn Fn(&str, &str) -> Error) -> Result<()> {
        let Some(table) = self.position(TABLE) else {
            return Err(refuse("the layout has no {table_name}", "Add {table_name} at its start."));
        };
        let others =
            self.parts[..table].iter().any(|part| matches!(part, Part::Placeholder(name) if name != SCHEMA));
        if others {
            return Err(refuse(
                "the layout has a placeholder before {table_name}",
                "Put {table_name} first; only {schema_name} may stand before it, since tables are found by the start \
                 of their names.",
            ));
        }
        let ends_name = |part: Option<&Part>| {
            let Some(Part::Text(text)) = part else { return false };
            text.starts_with(|letter: char| !letter.is_alphanumeric() && letter != '_')
        };
        let names = (0..=table).filter(|index| matches!(self.parts[*index], Part::Placeholder(_)));
        if !names.into_iter().all(|index| ends_name(self.parts.get(index + 1))) {
            return Err(refuse(
                "the layout does not tell the names of tables apart",
                "Put a character behind {table_name} and {schema_name} that names do not have, such as a slash, a dot \
                 or a dash: by an underscore, `users_` would also begin the files of `users__tags`.",
            ));
        }
        if self.position("file_id").is_none() {
            return Err(refuse(
                "the layout has no {file_id}, so that one load could overwrite another",
                "Add {file_id} to the file's name.",
            ));
        }
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Placeholder(_) => None,
        });
        let whole: String = self
            .parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text,
                Part::Placeholder(name) => name,
            })
            .fold(String::new(), |whole, part| whole + part);
        let odd = whole.split('/').any(|segment| matches!(segment, "" | "." | ".."));
        if odd || texts.into_iter().any(|text| text.contains(['\\', '}'])) {
            return Err(refuse(
                "the layout is not a relative path",
                "Write names parted by single slashes, without `.` and `..`.",
            ));
        }
        Ok(())
    }

    fn position(&self, placeholder: &str) -> Option<usize> {
        self.parts.iter().position(|part| matches!(part, Part::Placeholder(name) if name == placeholder))
    }

    /// Returns what the names of all files of a table start with: everything to the character behind its name.
    pub(super) fn table_prefix(&self, schema: &str, table: &str) -> String {
        let mut prefix = String::new();
        for part in &self.parts {
            match part {
                Part::Placeholder(name) if name == TABLE => {
                    prefix.push_str(table);
                    break;
                }
                Part::Placeholder(_) => prefix.push_str(schema),
                Part::Text(text) => prefix.push_str(text),
            }
        }
        let behind = self.position(TABLE).and_then(|table| match &self.parts[table + 1] {
            Part::Text(text) => text.chars().next(),
            Part::Placeholder(_) => None,
        });
        prefix.extend(behind);
        prefix
    }

    /// Returns the name of a file.
    pub(super) fn path(&self, file: &FileName<'_>) -> Result<String> {
        let created = created(file.load_id)?;
        let at = TimeZone::UTC.to_datetime(created);
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Placeholder(name) => match name.as_str() {
                    SCHEMA => path.push_str(file.schema),
                    TABLE => path.push_str(file.table),
                    "load_id" => path.push_str(file.load_id),
                    "file_id" => path.push_str(file.file_id),
                    "ext" => path.push_str(file.extension),
                    "curr_date" => path.push_str(&at.date().to_string()),
                    "timestamp" | "load_package_timestamp" => path.push_str(&created.as_second().to_string()),
                    "timestamp_ms" | "load_package_timestamp_ms" => {
                        path.push_str(&created.as_millisecond().to_string());
                    }
                    date => {
                        path.extend(
                            DATES.iter().find(|(name, _)| *name == date).map(|(_, write)| write(&at)),
                        );
                    }
                },
            }
        }
        Ok(path)
    }
}

/// Returns when a load began: its id is a number of seconds.
fn created(load_id: &str) -> Result<Timestamp> {
    let (seconds, fraction) = load_id.split_once('.').unwrap_or((load_id, ""));
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    seconds
        .parse::<i64>()
        .ok()
        .zip(micros.parse::<i64>().ok())
        .and_then(|(seconds, micros)| {
            Timestamp::from_microsecond(seconds.checked_mul(1_000_000)? + micros).ok()
        })
        .ok_or_else(|| {
            Error::new(ErrorKind::State, "destination/load-id", "a load id is not a number of seconds")
                .with("load_id", load_id)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(layout: &str, load_id: &str) -> String {
        let file = FileName { schema: "s", table: "t", load_id, file_id: "f", extension: "jsonl.gz" };
        Layout::parse(layout).unwrap().path(&file).unwrap()
    }

    /// The expected texts are those of dlt 1.31 for the same moments.
    #[test]
    fn names_are_those_of_dlt() {
        assert_eq!(path(DEFAULT, "1700000000.123456"), "t/1700000000.123456.f.jsonl.gz");
        assert_eq!(path("{schema_name}-{table_name}.{file_id}", "1700000000.5"), "s-t.f.jsonl.gz");
        let all = "{table_name}/{YYYY} {YY} {Y} {MMMM} {MMM} {MM} {M} {DD} {D} {HH} {H} {mm} {m} {dddd} {ddd} {dd} {d} \
                   {ss} {s} {SSSS} {SSS} {SS} {S} {Q} {curr_date} {timestamp} {timestamp_ms} {file_id}.{ext}";
        for (load_id, expected) in [
            (
                "1700000000.123456",
                "2023 23 2023 november nov 11 11 14 14 22 22 13 13 tuesday tue tu 2 20 20 1234 123 12 1 4 2023-11-14 \
                 1700000000 1700000000123",
            ),
            (
                "1706745601.5",
                "2024 24 2024 february feb 02 2 01 1 00 0 00 0 thursday thu th 4 01 1 5000 500 50 5 1 2024-02-01 \
                 1706745601 1706745601500",
            ),
            (
                "1735689599",
                "2024 24 2024 december dec 12 12 31 31 23 23 59 59 tuesday tue tu 2 59 59 0000 000 00 0 4 2024-12-31 \
                 1735689599 1735689599000",
            ),
        ] {
            assert_eq!(path(all, load_id), format!("t/{expected} f.jsonl.gz"));
        }
    }

    #[test]
    fn tables_are_found_by_prefix() {
        for (layout, prefix) in [
            (DEFAULT, "t/"),
            ("{schema_name}/{table_name}/x/{file_id}", "s/t/"),
            ("data.{table_name}--{file_id}", "data.t-"),
        ] {
            assert_eq!(Layout::parse(layout).unwrap().table_prefix("s", "t"), prefix, "{layout}");
        }
    }

    #[test]
    fn what_could_lose_files_is_refused() {
        for layout in [
            "{load_id}.{file_id}.{ext}",
            "{load_id}/{table_name}/{file_id}.{ext}",
            "{table_name}{file_id}.{ext}",
            "{table_name}/{load_id}.{ext}",
            "{table_name}_{file_id}.{ext}",
            "{schema_name}_{table_name}/{file_id}.{ext}",
            "{table_name}/{nonsense}.{file_id}",
            "{table_name}/{file_id",
            "/{table_name}/{file_id}",
            "../{table_name}/{file_id}",
            "{table_name}//{file_id}",
            "",
        ] {
            assert_eq!(Layout::parse(layout).unwrap_err().code(), "destination/layout", "{layout}");
        }
        let file = FileName { schema: "s", table: "t", load_id: "x", file_id: "f", extension: "csv" };
        assert_eq!(Layout::parse(DEFAULT).unwrap().path(&file).unwrap_err().code(), "destination/load-id");
    }
}
