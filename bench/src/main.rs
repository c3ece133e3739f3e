//! The contestants in Rust of `cargo xtask bench`: `cloakroom-bench presign dialects growth`.

mod case;
mod dialects;
mod growth;
mod measure;
mod presign;
mod prove;

use crate::case::Case;
use crate::measure::Contest;

fn main() {
    let case = Case::read();
    for bench in std::env::args().skip(1) {
        match bench.as_str() {
            "presign" => presign::run(&case),
            "dialects" => dialects::run(&case),
            "growth" => growth::run(&case),
            other => panic!("there is no bench `{other}`"),
        }
    }
}
