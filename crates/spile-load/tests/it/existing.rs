//! Tables that somebody else made, with constraints and other types: they grow and are never made anew.

use serde_json::json;
use spile_core::{ColumnSchema, DataType, WriteDisposition::*};

use crate::fixture::{Fixture, Kind, clauses, tag, user, users};

clauses! {
    constraints_and_types_of_a_table_stay,
}

/// dlt with `create_indexes`, or a person, made these: narrower types, a primary key, unique row keys.
fn constraints_and_types_of_a_table_stay(kind: Kind) {
    if kind == Kind::Sqlite {
        // It has no schemas to ask; the turns with dlt load into tables that dlt made.
        return;
    }
    for strategy in ["delete-insert", "upsert"] {
        let (fixture, mut schema) = (Fixture::new(kind), users());
        for statement in [
            "CREATE SCHEMA data",
            "CREATE TABLE data.users (id integer PRIMARY KEY, name varchar(64), mine varchar, \
             _dlt_load_id varchar(64) NOT NULL, _dlt_id varchar(128) NOT NULL UNIQUE)",
            "CREATE TABLE data.users__tags (value varchar, _dlt_root_id varchar NOT NULL, \
             _dlt_parent_id varchar NOT NULL, _dlt_list_idx integer NOT NULL, _dlt_id varchar NOT NULL UNIQUE)",
            "INSERT INTO data.users VALUES (1, 'a', 'kept', 'l', 'h1'), (2, 'b', 'gone', 'l', 'h2')",
            "INSERT INTO data.users__tags VALUES ('x', 'h1', 'h1', 0, 'h1-x'), ('y', 'h2', 'h2', 0, 'h2-y')",
        ] {
            fixture.query(statement);
        }
        let constraints = "SELECT count(*) FROM information_schema.table_constraints \
             WHERE table_schema = 'data' AND table_name LIKE 'users%' AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')";
        let before = fixture.query(constraints);
        let table = schema.tables.get_mut("users").unwrap();
        table.properties.insert("x-merge-strategy".to_owned(), json!(strategy));
        table.add(ColumnSchema::new("age", DataType::Bigint));
        let mut newer = user(2, "B", "h2");
        newer["age"] = json!(7);
        // The same row keys come back: they are unique before and after, and so they are for the constraint.
        let segments = vec![
            ("users", json!([newer, user(3, "c", "h3")])),
            ("users__tags", json!([tag("h2", "y"), tag("h3", "z")])),
        ];
        fixture.load("1.0", &schema, &[("users", Merge, segments)]);
        let rows = fixture.query("SELECT id, name, mine, age FROM data.users ORDER BY id");
        assert_eq!(rows, ["1,a,kept,-", "2,B,-,7", "3,c,-,-"], "{strategy}");
        let tags = fixture.query("SELECT value, _dlt_root_id FROM data.users__tags ORDER BY 1");
        assert_eq!(tags, ["x,h1", "y,h2", "z,h3"], "{strategy}");
        assert_eq!(fixture.query(constraints), before, "{strategy}");
        let types = fixture.query(
            "SELECT lower(data_type) FROM information_schema.columns \
             WHERE table_schema = 'data' AND table_name = 'users' AND column_name IN ('id', 'age') ORDER BY ordinal_position",
        );
        assert_eq!(types, ["integer", "bigint"], "{strategy}");
    }
}
