use crate::{Error, blocking};

/// How many buffers one turn on a blocking thread copies: long enough to be cheap, short enough to be stopped.
const BUFFERS_PER_TURN: usize = 32;

/// Repeats `step` on blocking threads, some steps a turn, until it says `false`; `between` hears of each turn. Dropping
/// the future ends the work with its present turn, and drops `state`.
pub(crate) async fn in_turns<T: Send + 'static>(
    mut state: T,
    step: fn(&mut T) -> Result<bool, Error>,
    mut between: impl FnMut(&T),
) -> Result<T, Error> {
    loop {
        let turn = blocking(move || {
            for _ in 0..BUFFERS_PER_TURN {
                if !step(&mut state)? {
                    return Ok((state, true));
                }
            }
            Ok((state, false))
        });
        let is_over;
        (state, is_over) = turn.await?;
        between(&state);
        if is_over {
            return Ok(state);
        }
    }
}
