//! Runs a kubelet for tests until standard input ends, to try things by hand; tells its port and its requests.

#![expect(clippy::print_stdout, reason = "a command")]

use std::io::Read as _;

use fakelet::Fakelet;

fn main() -> std::io::Result<()> {
    let kubelet = Fakelet::start();
    println!("{}\n{}", kubelet.address.port(), kubelet.certificate);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    for asked in kubelet.asked() {
        println!("{asked:?}");
    }
    Ok(())
}
