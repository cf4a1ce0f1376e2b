//! Peak resident memory of this process, as Linux counts it; other systems give none.

use std::fs;

/// The resident memory at a moment, and the means to ask for the peak since.
pub struct PeakMemory {
    start: Option<u64>,
}

impl PeakMemory {
    /// Forgets the peak so far (proc(5): 5 written to `clear_refs` resets `VmHWM`) and notes the memory in use.
    pub fn start() -> Self {
        let reset = fs::write("/proc/self/clear_refs", "5").is_ok();
        Self { start: if reset { status_bytes("VmRSS:") } else { None } }
    }

    /// Bytes between the peak since [`PeakMemory::start`] and the memory in use then.
    pub fn peak_above_start(&self) -> Option<u64> {
        Some(status_bytes("VmHWM:")?.saturating_sub(self.start?))
    }
}

fn status_bytes(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
