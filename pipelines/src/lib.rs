//! The stages of Jomo and its batch command line: the only place that composes fields.

pub mod cli;
pub mod doctor;
pub mod failure;
pub mod flood;
pub mod flood_layers;
pub mod flood_prepare;
pub mod flood_verify;
pub mod flood_watch;
pub mod foreign;
pub mod gauge_tables;
pub mod import;
pub mod jobs;
pub mod layer_files;
pub mod outcome;
pub mod people;
pub mod progress;
pub mod publication;
pub mod rain;
pub mod rainfall;
pub mod region;
pub mod register;
pub mod run;
pub mod sample;
pub mod source;
pub mod work;
