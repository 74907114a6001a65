# The entry points that people type. Each does its work in scripts/, without questions.
.DEFAULT_GOAL := help
.PHONY: help setup demo test validate bench doc

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 18

setup: ## install what building and testing needs (Debian 12); harmless to repeat
	@scripts/setup.sh

demo: setup ## build, compute, publish and serve the map; PORT=8080 SERVE=1 DATA=dir
	@scripts/demo.sh

test: setup ## everything that CI runs; STAGES="fmt clippy" runs some of it
	@scripts/test.sh $(STAGES)

validate: setup ## the long tier: the same laws with many more cases
	@scripts/validate.sh

bench: ## measure the hot paths; meaningful on a quiet machine only
	@cargo bench --locked --package jomo-benches --bench '*'

doc: ## the Rust documentation, in target/doc
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
