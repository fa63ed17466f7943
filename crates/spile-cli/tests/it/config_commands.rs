//! `init`, `explain` and `convert`, from the outside.

use std::process::{Command, Output};

fn spile(folder: &std::path::Path, arguments: &[&str]) -> Output {
    let binary = env!("CARGO_BIN_EXE_spile");
    Command::new(binary).args(arguments).current_dir(folder).env("API_TOKEN", "sesame").output().unwrap()
}

#[test]
fn from_nothing_to_an_explained_plan() {
    let folder = tempfile::tempdir().unwrap();
    let made = spile(folder.path(), &["init", "shop.yaml"]);
    assert!(made.status.success(), "{made:?}");
    assert!(spile(folder.path(), &["check", "shop.yaml"]).status.success());
    let explained = spile(folder.path(), &["explain", "shop.yaml", "--set", "client.auth.token=sesame"]);
    let text = String::from_utf8(explained.stdout).unwrap();
    for line in [
        "pipeline shop into duckdb, dataset shop_dataset",
        "├ request  GET https://pokeapi.co/api/v2/pokemon?limit=1000",
        "├ auth     1 credential",
        "├ pages    auto, until the way that the first page shows ends",
        "├ records  results",
        "└ table    pokemon, merge, primary key name",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("sesame"), "{text}");
    let again = spile(folder.path(), &["init", "shop.yaml"]);
    assert_eq!(again.status.code(), Some(1), "a file that is there is kept");
    let json = spile(folder.path(), &["explain", "shop.yaml", "--output", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document["resources"][1]["table"], "berry");
    let converted = spile(folder.path(), &["convert", "shop.yaml", "--to", "python"]);
    std::fs::write(folder.path().join("shop.py"), converted.stdout).unwrap();
    let other = spile(folder.path(), &["explain", "shop.py", "--output", "json"]);
    let other: serde_json::Value = serde_json::from_slice(&other.stdout).unwrap();
    assert_eq!(document["fingerprint"], other["fingerprint"]);
    assert_eq!(spile(folder.path(), &["convert", "shop.yaml", "--to", "xml"]).status.code(), Some(2));
}

#[test]
fn a_plan_is_drawn_with_children_under_their_parents() {
    let folder = tempfile::tempdir().unwrap();
    let text = "client: {base_url: 'https://h/v1'}\nresources:\n  - {name: users, selected: false}\n  \
                - name: orders\n    endpoint: {path: 'users/{resources.users.id}/orders', params: {tag: \
                '{resources.users.tag}'}}\n  - {name: items, endpoint: 'orders/{resources.orders.id}'}\n  - shops\n";
    std::fs::write(folder.path().join("shop.yaml"), text).unwrap();
    let checked = String::from_utf8(spile(folder.path(), &["check", "shop.yaml"]).stdout).unwrap();
    assert!(checked.contains("orders    https://h/v1/users/{resources.users.id}/orders  "), "{checked}");
    let explained = spile(folder.path(), &["explain", "shop.yaml"]);
    let said = String::from_utf8(explained.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let tree: Vec<&str> = lines
        .iter()
        .filter(|line| !line.is_empty() && !line.trim_start().starts_with(['├', '└']))
        .copied()
        .collect();
    assert_eq!(
        tree[2..],
        [
            "users, read for its children only",
            "    orders, for each row of users",
            "        items, for each row of orders",
            "shops",
        ],
        "{said}"
    );
    let request =
        "    ├ request  GET https://h/v1/users/{resources.users.id}/orders?tag={resources.users.tag}";
    assert!(lines.contains(&request), "{said}");
}
