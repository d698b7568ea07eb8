//! The shape of a kind's columns as data.  Entry point: [`Sheet`].

use std::cmp::Ordering;

use api::Value;

use crate::{Column, Description, Printer};

/// The columns of a kind and the function that fills them.
pub struct Sheet {
    /// The columns.
    pub columns: &'static [Column],
    /// The cells of an object at a time in seconds since the Unix epoch.
    pub cells: fn(&Value, i64) -> Vec<Value>,
    /// The conditions of an object's row.
    pub conditions: fn(&Value) -> Vec<Value>,
    /// The order of rows; `None` for kinds that keep the order of the list.
    pub order: Option<fn(&Value, &Value) -> Ordering>,
}

impl Sheet {
    /// No columns, no conditions, the order of the list.
    pub const BARE: Self =
        Self { columns: &[], cells: |_, _| Vec::new(), conditions: |_| Vec::new(), order: None };
}

impl Printer for Sheet {
    fn columns(&self) -> &'static [Column] {
        self.columns
    }

    fn cells(&self, object: &Value, now: i64) -> Vec<Value> {
        (self.cells)(object, now)
    }

    fn conditions(&self, object: &Value) -> Vec<Value> {
        (self.conditions)(object)
    }

    fn order(&self) -> Option<fn(&Value, &Value) -> Ordering> {
        self.order
    }
}

/// OpenAPI name of a message of the core group.
macro_rules! core_message {
    ($name:literal) => {
        concat!("io.k8s.api.core.v1.", $name)
    };
}
pub(super) use core_message;

/// The description of a field.
pub const fn field(message: &'static str, field: &'static str) -> Description {
    Description::Field(message, field)
}

/// The description of a field of `ObjectMeta`.
pub const fn metadata(name: &'static str) -> Description {
    field("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", name)
}

/// A description of our own.
pub const fn text(text: &'static str) -> Description {
    Description::Text(text)
}

/// A column that is always shown.
pub const fn col(name: &'static str, ty: &'static str, description: Description) -> Column {
    Column { name, ty, format: "", description, priority: 0 }
}

/// A column of texts that is always shown.
pub const fn string(name: &'static str, description: Description) -> Column {
    col(name, "string", description)
}

/// A column of integers that is always shown.
pub const fn integer(name: &'static str, description: Description) -> Column {
    col(name, "integer", description)
}

/// A column of booleans that is always shown.
pub const fn boolean(name: &'static str, description: Description) -> Column {
    col(name, "boolean", description)
}

/// A column of texts that only `-o wide` shows.
pub const fn wide(name: &'static str, description: Description) -> Column {
    Column { priority: 1, ..string(name, description) }
}

/// The name of the object.
pub const NAME: Column = Column { format: "name", ..string("Name", metadata("name")) };

/// How long ago the object was created.
pub const AGE: Column = string("Age", metadata("creationTimestamp"));

/// The names of the containers of a pod template.
pub const CONTAINERS: Column = wide("Containers", text("Container names, in the order of the template."));

/// The images of the containers of a pod template.
pub const IMAGES: Column = wide("Images", text("Container images, in the order of the template."));
