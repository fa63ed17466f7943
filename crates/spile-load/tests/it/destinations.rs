//! The table of destinations: every row is tested.

use std::collections::BTreeSet;

use spile_core::{DestinationPlan, Secret};
use spile_load::DESTINATIONS;

use crate::fixture::{Kind, options};

#[test]
fn every_destination_has_the_clauses() {
    let tested: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    let registered: BTreeSet<&str> = DESTINATIONS.iter().map(|row| row.name).collect();
    assert_eq!(tested, registered, "a destination without tests, or tests of none");
}

#[test]
fn no_destination_shows_its_location_when_it_cannot_be_opened() {
    for row in DESTINATIONS {
        let location = Secret::new("nowhere://user:hunter2@host/database");
        let plan = DestinationPlan { kind: row.name.to_owned(), location };
        let error = spile_load::open(&plan, &options()).err().unwrap();
        assert_eq!(error.code(), "destination/location", "{}", row.name);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
