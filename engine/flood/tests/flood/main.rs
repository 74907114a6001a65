//! Laws and exact solutions of the solver.
mod exact;
mod laws;
