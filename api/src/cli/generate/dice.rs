//! Chance that can be repeated: ChaCha8 by name, whole numbers only, and a stream of its own for every
//! member, so that no version of a library and no order of asking changes what is made.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A source of chance.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of one member of one programme.
    pub(in crate::cli) fn of(programme: [u8; 32], member: u32) -> Self {
        let mut rng = ChaCha8Rng::from_seed(programme);
        rng.set_stream(u64::from(member));
        Self(rng)
    }

    /// A number from `first` to `last`, both included; the tiny bias of the multiplication is no matter here.
    pub(in crate::cli) fn between(&mut self, first: u32, last: u32) -> u32 {
        let choices = u64::from(last.saturating_sub(first)) + 1;
        let scaled = (u64::from(self.0.next_u32()) * choices) >> 32;
        first + u32::try_from(scaled).unwrap_or(0)
    }

    /// True so many times in a thousand.
    pub(in crate::cli) fn permille(&mut self, chance: u32) -> bool {
        self.between(0, 999) < chance
    }

    /// One of some values, each as often as its weight says.
    pub(in crate::cli) fn weighted<T: Copy>(&mut self, choices: &[(u32, T)], otherwise: T) -> T {
        let total: u32 = choices.iter().map(|(weight, _)| weight).sum();
        let mut left = self.between(1, total.max(1));
        for (weight, choice) in choices {
            if left <= *weight {
                return *choice;
            }
            left -= weight;
        }
        otherwise
    }

    /// Sixteen bytes.
    pub(in crate::cli) fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}
