//! What a solver asks of JavaScript, and what comes back.

/// A question: what to evaluate, and the vectors that it takes (an empty one reaches JavaScript as undefined).
pub struct Request {
    pub kind: u32,
    pub vectors: [Vec<f64>; 3],
}

/// Why there is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoReply {
    /// The objective refused this point, for a reason; others may be tried.
    Rejected(String),
    /// The objective threw, the run was aborted, or the environment is gone: nothing more may be asked.
    Stopped,
}

/// Whoever evaluates for a solver.
pub trait Evaluate: Send + Sync {
    /// Evaluates `kind` at the vectors and returns the record.
    fn evaluate(&self, kind: u32, vectors: [&[f64]; 3]) -> Result<Reply, NoReply>;
}

/// A record in one piece: the number of doubles in use, then for each field its length (−1 where it is absent) and its
/// numbers. The fields of a kind, and their order, are agreed between the domain's binding and its façade.
#[derive(Debug)]
pub struct Reply {
    packet: Vec<f64>,
    position: usize,
}

impl Reply {
    /// Takes over what the façade wrote; what lies beyond its own count is left out.
    pub fn new(packet: &[f64]) -> Self {
        let used = packet.first().map_or(0, |used| *used as usize);
        Self { packet: packet[..used].to_vec(), position: 1 }
    }

    /// The next field as a vector; none where it is absent.
    pub fn vector(&mut self) -> Option<Vec<f64>> {
        let length = self.packet[self.position];
        self.position += 1;
        if length < 0.0 {
            return None;
        }
        let end = self.position + length as usize;
        let numbers = self.packet[self.position..end].to_vec();
        self.position = end;
        Some(numbers)
    }

    /// All fields that remain, without those that are absent.
    pub fn into_vectors(mut self) -> Vec<Vec<f64>> {
        let mut vectors = Vec::new();
        while self.position < self.packet.len() {
            vectors.extend(self.vector());
        }
        vectors
    }

    /// The next field as a number; none where it is absent.
    pub fn number(&mut self) -> Option<f64> {
        self.vector().map(|numbers| numbers[0])
    }
}
