//! Resources that depend on another: what a parent gives to its children, and what a child does with it.
//!
//! A child is paged once per row of its parent. The rows are numbered in the order they came, so that one number says
//! how far a child is. The invariant: what children need of a row is in the evidence of the row's page, so a run that
//! died goes on without asking the parent again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json_path::JsonPath;

/// A value that a parent's rows must have for its children.
#[derive(Debug, Clone)]
pub struct Offer {
    /// How children call it.
    pub name: String,
    /// Where it is in a row; the first match counts.
    pub path: JsonPath,
}

/// How a child is bound to its parent.
#[derive(Debug, Clone)]
pub struct ParentPlan {
    /// The parent's name.
    pub resource: String,
    /// The offers that the child's requests are made with, in order.
    pub bound: Vec<String>,
    /// (offer, column): values of the row that are written into each of the child's rows.
    pub include: Vec<(String, String)>,
}

/// The place of a resource among its parent and children.
#[derive(Debug, Clone, Default)]
pub struct FamilyPlan {
    /// The parent, for a child.
    pub parent: Option<ParentPlan>,
    /// What its children need; empty without children.
    pub offers: Vec<Offer>,
    /// Whether it is fetched for its children only and not loaded.
    pub hidden: bool,
}

/// A row of a parent, as its children get it.
#[derive(Debug, Clone, PartialEq)]
pub struct ParentRow {
    /// The row's number, from 0, in the order the parent's rows came.
    pub ordinal: u64,
    /// The offered values by name.
    pub values: Map<String, Value>,
}

/// What the evidence of a page says about parent and children.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FamilyEvidence {
    /// The number of the parent's row that the page is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// What this page's rows give to children, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<Map<String, Value>>,
}

impl FamilyEvidence {
    /// Returns whether the page has to do with neither.
    pub fn is_alone(&self) -> bool {
        self.parent.is_none() && self.offers.is_empty()
    }
}
