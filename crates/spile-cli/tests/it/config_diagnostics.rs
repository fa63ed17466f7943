//! `docs/diagnostics.md` is what `spile check` prints. `SPILE_UPDATE=1` writes it anew; read the difference as code.

use std::process::Command;

use crate::harness::same_document;

/// A file, its text, and a title.
const CASES: [(&str, &str, &str); 20] = [
    (
        "shop.yaml",
        "client: {base_url: https://h}\nresources:\n- name: users\n  endpont: {path: users}\n",
        "A misspelt key",
    ),
    (
        "shop.yaml",
        "client: {base_url: https://h}\nresources:\n- name: users\n  params: {size: 5}\n",
        "A key one level too high",
    ),
    ("shop.yaml", "client: {base_url: h/v1}\nresources: [users]\n", "A base URL that is none"),
    (
        "shop.yaml",
        "client: {base_url: 'https://me:secret@h'}\nresources: [users]\n",
        "Credentials in the URL",
    ),
    ("shop.yaml", "resources: [users]\n", "A missing key"),
    (
        "shop.yaml",
        "client: {base_url: https://h, auth: {type: bearer}}\nresources: [users]\n",
        "A credential that is not set",
    ),
    (
        "shop.yaml",
        "client: {base_url: https://h, auth: {type: baerer}}\nresources: [users]\n",
        "An unknown auth",
    ),
    (
        "shop.yaml",
        "client: {base_url: https://h, paginator: page_numbers}\nresources: [users]\n",
        "An unknown paginator",
    ),
    (
        "shop.yaml",
        "client: {base_url: https://h, paginator: {type: offset}}\nresources: [users]\n",
        "A paginator without its key",
    ),
    (
        "shop.yaml",
        "client: {base_url: https://h}\nresources:\n- name: users\n  endpoint: 'users/{user_id}'\n",
        "A placeholder that nothing binds",
    ),
    (
        "shop.yaml",
        "client: {base_url: https://h}\nresources:\n- name: users\n  endpoint: {data_selector: 'data['}\n",
        "A path that does not compile",
    ),
    (
        "shop.yaml",
        "client: {base_url: https://h}\nresources:\n- name: users\n  write_disposition: mrege\n",
        "A word that is not one of the few",
    ),
    (
        "shop.yaml",
        "client: {base_url: https://h}\nresources: [users, {name: users}]\n",
        "Two resources with one name",
    ),
    (
        "shop.yaml",
        "client: {base_url: https://h, timeout: soon}\nresources: [users]\n",
        "A value of the wrong type",
    ),
    ("shop.yaml", "client: {base_url: '${env.NOWHERE}'}\nresources: [users]\n", "A variable that is not set"),
    ("shop.yaml", "client:\n\tbase_url: https://h\n", "YAML with a tab"),
    (
        "shop.json",
        "{\"client\": {\"base_url\": \"https://h\"},\n \"resources\": [\"users\"],}\n",
        "JSON with a trailing comma",
    ),
    ("shop.toml", "[client]\nbase_url = https://h\n", "TOML without quotes"),
    (
        "shop.py",
        "import dlt\nfrom dlt.sources.rest_api import rest_api_source\n\nrest_api_source({\"client\": {\"base_url\": hots}, \"resources\": []})\n",
        "Python with an unknown name",
    ),
    (
        "shop.py",
        "import dlt\nfrom dlt.sources.rest_api import rest_api_source\n\nsource = rest_api_source({\"client\": {\"base_url\": \"https://h\"}, \"resources\": [\"a\"]})\nsource.resources[\"a\"].add_filter(lambda row: row[\"id\"])\n",
        "Python that changes a source",
    ),
];

#[test]
fn diagnostics_are_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let mut document = "# Diagnostics\n\nWhat `spile check` says about configs that are wrong. Written by \
                        `crates/spile-cli/tests/it/config_diagnostics.rs`; [errors.md](errors.md) has all codes.\n"
        .to_owned();
    for (name, text, title) in CASES {
        std::fs::write(folder.path().join(name), text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_spile"))
            .args(["check", name])
            .current_dir(folder.path())
            .env_clear()
            .env("NO_COLOR", "1")
            .env("HOME", folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{title}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("help: "), "{title} has no hint\n{said}");
        document.push_str(&format!("\n## {title}\n\n```text\n{}\n```\n", said.trim_end()));
    }
    same_document("docs/diagnostics.md", &document);
}
