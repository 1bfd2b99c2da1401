//! placeholder
use clap::Args;
/// x
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {}
/// x
/// # Errors
/// x
pub fn execute(_: &DoctorArgs) -> Result<std::process::ExitCode, Box<dyn std::error::Error>> { Ok(std::process::ExitCode::SUCCESS) }
