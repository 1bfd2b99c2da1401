//! A small deterministic mutator for runs without libFuzzer: same seed, same inputs.
//!
//! Goal: many near-valid inputs a second on stable Rust, repeatable from one number. Non-goal: coverage guidance; that
//! is cargo-fuzz.

/// Numbers that sit on the edges of what fields hold.
const EDGES: &[u64] = &[0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFE, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 63, u64::MAX];

/// The longest input that is made.
const LEN_MAX: usize = 1_024;

/// Makes inputs out of a corpus.
#[derive(Clone, Debug)]
pub struct Mutator {
    state: u64,
    corpus: Vec<Vec<u8>>,
}

impl Mutator {
    /// A mutator over a corpus with at least one input.
    #[must_use]
    pub fn new(seed: u64, mut corpus: Vec<Vec<u8>>) -> Self {
        if corpus.is_empty() {
            corpus.push(Vec::new());
        }
        // xorshift never leaves zero.
        Self { state: seed | 1, corpus }
    }

    /// The next input.
    pub fn next_input(&mut self) -> Vec<u8> {
        let at = self.below(self.corpus.len());
        let mut input = self.corpus[at].clone();
        for _ in 0..self.below(5) {
            self.mutate(&mut input);
        }
        input.truncate(LEN_MAX);
        input
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len().max(1)).min(input.len());
        match self.below(9) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = self.byte(),
            2 => input.insert(at, self.byte()),
            3 if at < input.len() => {
                input.remove(at);
            }
            4 => input.truncate(at),
            5 => {
                let edge = EDGES[self.below(EDGES.len())].to_be_bytes();
                let width = 1 << self.below(4);
                for (to, from) in input.iter_mut().skip(at).zip(&edge[8 - width..]) {
                    *to = *from;
                }
            }
            6 => {
                // A piece of itself again, somewhere else.
                let len = self.below(input.len() - at + 1);
                let piece = input[at..at + len].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            7 => {
                // The front of this and the back of another.
                let other = self.below(self.corpus.len());
                let from = at.min(self.corpus[other].len());
                input.truncate(at);
                input.extend_from_slice(&self.corpus[other][from..]);
            }
            _ => {
                // Two bytes become the number of the bytes behind them, as in every length field.
                let behind = u16::try_from(input.len().saturating_sub(at + 2)).unwrap_or(u16::MAX);
                for (to, from) in input.iter_mut().skip(at).zip(behind.to_be_bytes()) {
                    *to = from;
                }
            }
        }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// A number below `bound`, which is not zero.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from((self.next() >> 16) % bound).unwrap_or(0)
    }
}
