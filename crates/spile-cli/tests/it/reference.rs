//! The pages in `docs/reference`, a page for each component and each group of keys, made from their tables.
//!
//! `SPILE_UPDATE=1` writes them anew. Their examples are configs: each passes `spile check`.

use std::fmt::Write;

use spile::FieldDoc;

use crate::harness::{Place, repository, same_document};

/// A page: its file without extension, its title, what is on it, and an example in YAML.
struct ReferencePage {
    file: String,
    title: String,
    text: String,
    example: String,
}

fn table(fields: &[FieldDoc]) -> String {
    if fields.is_empty() {
        return "No keys but `type`.\n".to_owned();
    }
    let mut text = String::from("| Key | Shape | Default | Meaning |\n|---|---|---|---|\n");
    for field in fields {
        let default = if field.default.is_empty() { "required" } else { field.default };
        let line = format!("| `{}` | {} | {default} | {} |", field.name, field.shape, field.summary);
        writeln!(text, "{line}").unwrap();
    }
    text
}

/// A value for a key that must be there.
fn sample(field: &FieldDoc) -> String {
    match field.shape {
        "integer" => "100".to_owned(),
        "secret" => format!("${{secrets.shop.{}}}", field.name),
        _ if field.name.ends_with("url") || field.name == "auth_endpoint" => {
            "https://api.example.com/oauth/token".to_owned()
        }
        _ => format!("my_{}", field.name),
    }
}

fn component(kind: &str, name: &str, aliases: &[&str], summary: &str, fields: &[FieldDoc]) -> ReferencePage {
    let mut text = format!("{summary}\n\n");
    if !aliases.is_empty() {
        let also: Vec<String> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
        writeln!(text, "Also written as {}.\n", also.join(", ")).unwrap();
    }
    text.push_str(&table(fields));
    let mut example =
        format!("client:\n  base_url: https://api.example.com/v1\n  {kind}:\n    type: {name}\n");
    for field in fields.iter().filter(|field| field.default.is_empty()) {
        writeln!(example, "    {}: {}", field.name, sample(field)).unwrap();
    }
    if name == "oauth_jwt" {
        // The other algorithms want a key, which no example should hold.
        example.push_str("    algorithm: HS256\n");
    }
    example.push_str("resources: [users]\n");
    let file = format!("{kind}-{}", name.replace('_', "-"));
    ReferencePage { file, title: format!("{kind} `{name}`"), text, example }
}

fn pages() -> Vec<ReferencePage> {
    let mut pages: Vec<ReferencePage> = spile::KEY_GROUPS
        .iter()
        .map(|group| ReferencePage {
            file: group.name.replace('_', "-"),
            title: format!("`{}`", group.name),
            text: format!("{}\n\nWhere: {}.\n\n{}", group.summary, group.place, table(group.fields)),
            example: group.example.to_owned(),
        })
        .collect();
    pages.extend(
        spile::PAGINATORS
            .rows
            .iter()
            .map(|row| component("paginator", row.name, row.aliases, row.summary, row.fields)),
    );
    pages.extend(
        spile::AUTHS.rows.iter().map(|row| component("auth", row.name, row.aliases, row.summary, row.fields)),
    );
    pages.extend(spile::DESTINATIONS.iter().map(|row| ReferencePage {
        file: format!("destination-{}", row.name),
        title: format!("destination `{}`", row.name),
        text: format!("{}\n\n{}", row.summary, table(row.fields)),
        example: format!(
            "destination: {}\nclient: {{base_url: https://api.example.com/v1}}\nresources: [users]\n",
            row.name
        ),
    }));
    pages
}

#[test]
fn the_pages_are_as_the_tables() {
    let pages = pages();
    let mut index = String::from(
        "# Reference\n\nA page for each component and each group of keys, made from the tables in the code by\n\
         `crates/spile-cli/tests/it/reference.rs`. Shapes are made of few words; `or` joins alternatives.\n\n",
    );
    for page in &pages {
        writeln!(index, "- [{}]({}.md): {}", page.title, page.file, page.text.lines().next().unwrap())
            .unwrap();
        let text = format!("# {}\n\n{}\n```yaml\n{}```\n", page.title, page.text, page.example);
        same_document(&format!("docs/reference/{}.md", page.file), &text);
    }
    same_document("docs/reference/README.md", &index);
    let mut expected: Vec<String> = pages.iter().map(|page| format!("{}.md", page.file)).collect();
    expected.push("README.md".to_owned());
    for entry in repository().join("docs/reference").read_dir().unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        assert!(expected.contains(&name), "docs/reference/{name} belongs to nothing");
    }
}

#[test]
fn the_examples_pass_check() {
    for page in pages() {
        let place = Place::new()
            .variable("DESTINATION__POSTGRES__CREDENTIALS", "postgresql://me:secret@localhost/db")
            .variable("DESTINATION__FILESYSTEM__BUCKET_URL", "lake")
            .variable("SHOP__TOKEN", "t-123")
            .variable("SHOP__API_KEY", "k-123")
            .variable("SHOP__PASSWORD", "p-123")
            .variable("SHOP__CLIENT_SECRET", "s-123")
            .variable("SHOP__REFRESH_TOKEN", "r-123")
            .variable("SHOP__PRIVATE_KEY", "p-123");
        place.write("example.yaml", &page.example);
        let found = place.run(&["check", "example.yaml"]);
        // A component may be in the table before it is built; it says so.
        let is_built = !page.text.contains("not supported yet");
        assert!(found.status == 0 || !is_built, "{}: {}", page.file, found.stderr);
    }
}
