//! Selectors of devices (dynamic resource allocation): `device` with its driver, attributes and capacity.
//!
//! Entry point: [`device_selector`].

use std::sync::{Arc, LazyLock};

use super::{Expression, Refusal};
use crate::ast::Name;
use crate::env::Env;
use crate::estimate::{Range, SizeHints};
use crate::plan::Program;
use crate::types::{FieldType, Type, TypeProvider};

/// What a selector may cost.
const BUDGET: u64 = 1_000_000;
/// The most attributes, or capacities, of a device; domains are no more than that.
const MOST: u64 = 32;
/// The longest domain and the longest name of a driver.
const LONGEST_DOMAIN: u64 = 63;
/// The longest name within a domain.
const LONGEST_NAME: u64 = 32;
/// The longest text of an attribute.
const LONGEST_VALUE: u64 = 64;

const DEVICE: &str = "kubernetes.DRADevice";

struct Device;

impl TypeProvider for Device {
    fn has_type(&self, name: &str) -> bool {
        name == DEVICE
    }

    fn field(&self, type_name: &str, field: &str) -> Option<FieldType> {
        let by_domain = |of| Type::map(Type::String, Type::map(Type::String, of));
        let ty = match field {
            _ if type_name != DEVICE => return None,
            "driver" => Type::String,
            "allowMultipleAllocations" => Type::Bool,
            "attributes" => by_domain(Type::Dyn),
            "capacity" => by_domain(Type::object("kubernetes.Quantity")),
            _ => return None,
        };
        Some(ty.into())
    }
}

impl SizeHints for Device {
    fn size(&self, path: &[Name], _: &Type) -> Option<Range> {
        let path: Vec<&str> = path.iter().map(|part| &**part).collect();
        let max = match path.as_slice() {
            ["device"] => 0,
            ["device", "driver"] => LONGEST_DOMAIN,
            ["device", "allowMultipleAllocations"] => 1,
            ["device", "attributes" | "capacity"] => MOST,
            ["device", "attributes" | "capacity", "@keys"] => LONGEST_DOMAIN,
            ["device", "attributes" | "capacity", "@values" | "@items"] => MOST,
            ["device", "attributes" | "capacity", "@values" | "@items", "@keys"] => LONGEST_NAME,
            ["device", "capacity", "@values" | "@items", "@values" | "@items"] => 0,
            // Whatever an attribute is called, it is like all others.
            ["device", "attributes", "@values" | "@items", _] => LONGEST_VALUE,
            _ => return None,
        };
        Some(Range { min: 0, max })
    }
}

/// The surroundings of selectors.
fn env() -> &'static Env {
    static ENV: LazyLock<Env> = LazyLock::new(|| {
        Env::kubernetes().bindings().variable("device", Type::object(DEVICE)).provider(Arc::new(Device))
    });
    &ENV
}

/// Compiles a selector of devices.
///
/// ```
/// use cel::environment::device_selector;
///
/// let selector = "cel.bind(gpu, device.attributes['gpu.example.com'], gpu.cores >= 4 && gpu.model == 'a')";
/// assert!(device_selector(selector).is_ok());
/// let refused = device_selector("device.attributes.all(a, device.attributes.all(b, device.attributes.all(c,
///     device.attributes.all(d, a + b + c == d))))").unwrap_err();
/// assert_eq!(refused.to_string(), "too complex, exceeds cost limit");
/// ```
///
/// # Errors
///
/// Says why the expression cannot be used.
pub fn device_selector(text: &str) -> Result<Expression, Refusal> {
    let checked = env().compile(text).map_err(Refusal::Compilation)?;
    let got = checked.output_type();
    if !matches!(got, Type::Bool | Type::Dyn) {
        return Err(Refusal::Selector { got: got.clone() });
    }
    let program = Program::new(&checked).map_err(Refusal::Program)?;
    if checked.estimate(&Device).max > BUDGET {
        return Err(Refusal::TooExpensive);
    }
    Ok(Expression { text: text.into(), program, members: checked.members() })
}
