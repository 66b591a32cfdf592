# SPDX-License-Identifier: Apache-2.0
# The short door. Each target installs what it lacks, builds and runs; the building itself is
# CMake's (CMakePresets.json).
#
#   make run        a demonstration node with a synthetic region on http://127.0.0.1:8080
#   make build      build/release/kumihimo
#   make test       every test; the last line counts them        make test-long   the slow ones too
#   make check      two compilers, layers, names, sizes, format  make format      lays out the C
#   make asan       every test under the sanitizers              make fuzz N=60   N seconds a target
#   make bench      ratios against a baseline of the same run
#   make install DESTDIR= PREFIX=/usr/local      make deb        make clean
PORT ?= 8080
PEOPLE ?= 200
N ?= 60
PREFIX ?= /usr/local
DESTDIR ?=
KUMIHIMO := build/release/kumihimo
KUMIHIMO_SAMPLES ?= ../shared/samples
export KUMIHIMO_SAMPLES

.PHONY: run build program web demo setup setup-test test test-long check bench fuzz asan \
        install deb clean format dictionary
.DEFAULT_GOAL := build

setup:
	@tools/setup
setup-test:
	@tools/setup test

build: setup
	@$(MAKE) --no-print-directory program web

program:
	@tools/build release kumihimo
web:
	@tools/web

# A half-made demonstration is made anew; `done` is written last.
demo: build
	@test -f demo/done || { rm -rf demo && mkdir demo && \
	  $(KUMIHIMO) synth --people $(PEOPLE) --seed 1 --out demo/files && \
	  $(KUMIHIMO) import --data demo/node demo/files && touch demo/done; }

run: demo
	@tools/demo $(KUMIHIMO) $(PORT)

test: setup-test web
	@tools/test
test-long: setup-test web
	@tools/test long
check: setup-test
	@tools/check
asan: setup-test
	@tools/build asan && ctest --test-dir build/asan -j2 --output-on-failure

# A crash leaves its input in build/fuzz and fails the target; inputs that are worth keeping are
# put into fuzz/corpus by hand.
FUZZ := $(filter-out replay,$(patsubst fuzz/%.c,%,$(wildcard fuzz/*.c)))
fuzz: setup-test
	@tools/build fuzz $(FUZZ:%=fuzz_%)
	@bad=0; for t in $(FUZZ); do echo "fuzz: $$t, $(N) s"; mkdir -p build/fuzz/found/$$t; \
	  build/fuzz/fuzz_$$t -max_total_time=$(N) -print_final_stats=1 -artifact_prefix=build/fuzz/ \
	    build/fuzz/found/$$t fuzz/corpus/$$t >build/fuzz/$$t.log 2>&1 || bad=$$((bad + 1)); \
	  tail -n 7 build/fuzz/$$t.log; done; echo "fuzz: $(words $(FUZZ)) targets, $$bad failed"; test $$bad = 0

# One table; a row sets ours beside a peer or a floor of the same run.
BENCH := import http search token hl7v2 receden linkage
bench:
	@tools/setup bench
	@tools/build release kumihimo km_pgtest $(BENCH:%=bench_%)
	@printf '%-46s %10s %10s %-5s %-26s %8s  %-8s\n' what ours peer unit 'peer or floor' ratio goal
	@set -e; for b in $(BENCH); do KUMIHIMO=$(KUMIHIMO) build/release/bench_$$b; done

install: build
	@packaging/install "$(DESTDIR)" "$(PREFIX)"
deb: build
	@packaging/deb

# Trains the next compression dictionary of record bodies on synthetic records; one that is
# released never changes, and new bodies name the newest (data/record/dictionaries.tsv).
DICTIONARY ?= 2
dictionary: setup
	@tools/build release kumihimo km_dictionary_tool
	@rm -rf build/dictionary && $(KUMIHIMO) synth --people 300 --seed 1 --out build/dictionary
	@build/release/km_dictionary_tool data/record/body_$(DICTIONARY).zdict build/dictionary

format: setup-test
	@tools/sources | xargs clang-format -i

clean:
	rm -rf build web/dist
