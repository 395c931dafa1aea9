# What one does with sluice. `make help` lists it.
PREFIX ?= /usr/local
DESTDIR ?=
# The Swift runtime goes into the binary: it starts faster and runs where no Swift is installed.
RELEASE = -c release --static-swift-stdlib --product sluice
BINARY = .build/release/sluice
SANITIZED = .build-sanitized
ADDRESS = --disable-xctest --scratch-path $(SANITIZED) --sanitize address

.PHONY: help build test lint format demo install uninstall man completions bench bench-play bench-origin fuzz nightly clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

build: ## Build the release binary
	swift build $(RELEASE)

test: ## Install what the tests need, build, check and test everything
	bash scripts/test.sh

lint: ## Check format, layers, lengths, flags
	swift format lint --strict -r Package.swift Sources Tests Fuzz
	python3 scripts/check-layers.py
	python3 scripts/check-lengths.py

format: ## Format the sources
	swift format -i -r Package.swift Sources Tests Fuzz

demo: ## Start a stream of a real clip, probe, watch, record and stop it
	bash scripts/demo.sh

man: build ## Make the manual pages from the definitions
	python3 scripts/generate-man.py $(BINARY)

completions: build ## Make the completions of bash, zsh and fish
	bash scripts/generate-completions.sh $(BINARY)

install: build ## Install below PREFIX (and DESTDIR): binary, manual pages, completions
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1" \
	    "$(DESTDIR)$(PREFIX)/share/man/man7" "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" \
	    "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	install -s -m 755 $(BINARY) "$(DESTDIR)$(PREFIX)/bin/sluice"
	install -m 644 man/*.1 "$(DESTDIR)$(PREFIX)/share/man/man1/"
	install -m 644 man/*.7 "$(DESTDIR)$(PREFIX)/share/man/man7/"
	install -m 644 completions/sluice.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sluice"
	install -m 644 completions/_sluice "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_sluice"
	install -m 644 completions/sluice.fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/sluice.fish"

uninstall: ## Remove what install has put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/sluice" "$(DESTDIR)$(PREFIX)"/share/man/man[17]/sluice*.[17] \
	    "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/sluice" \
	    "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_sluice" \
	    "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/sluice.fish"

bench: build ## Measure against ffmpeg and ffplay on this machine
	bash scripts/install-deps.sh bench
	Benchmarks/bench.py

bench-play: build ## Measure play on bad networks, against ffplay on this machine
	bash scripts/install-deps.sh bench
	Benchmarks/bench_play.py

bench-origin: build ## Measure the origin with hundreds of viewers, against nginx-rtmp on this machine
	bash scripts/install-deps.sh bench
	Benchmarks/bench_origin.py

fuzz: ## Pour a million damaged inputs into each reader of a stranger's bytes
	bash scripts/fuzz.sh

nightly: build ## The long ones: sanitizers, fuzzing, soak, the recipes of the README
	bash scripts/install-deps.sh build runtime test
	bash scripts/check-recipes.sh
	bash scripts/fuzz.sh 1000000
	# Address sanitizer; most of its time goes into fifty times the damaged input. Leaks are held to account by the
	# lifetime tests: what the network thread holds at exit is no leak, and the leak checker does not see through
	# the tag bits of an indirect enumeration (it calls the static tables of the AMF0 tests lost). A day's memory is
	# not looked at: the sanitizer keeps what is freed.
	SLUICE_LONG=1 ASAN_OPTIONS=detect_leaks=0 swift test $(ADDRESS) \
	    --filter 'WireTests|DamagedInputTests|RecordingSplitTests|RepairTests'
	# Apart from those, which keep both cores for half an hour: with them, a test that listens to a network would not
	# get its turn before its peer has given up.
	ASAN_OPTIONS=detect_leaks=0 swift test $(ADDRESS) --skip-build \
	    --skip 'EndToEndTests|OriginTests|ChannelsTests|WireTests|DamagedInputTests|RecordingSplitTests|RepairTests' \
	    --skip 'LifetimeTests|DayTests'
	# Those look at the size of the process: without what the sanitizer keeps, and without tests beside them.
	ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=1 swift test $(ADDRESS) --skip-build --no-parallel \
	    --filter LifetimeTests
	ASAN_OPTIONS=detect_leaks=0 swift test $(ADDRESS) --skip-build --filter 'OriginTests|ChannelsTests'
	# The sanitized program from outside, one test at a time: it is slow.
	SLUICE_BINARY=$(CURDIR)/$(SANITIZED)/debug/sluice ASAN_OPTIONS=detect_leaks=0 swift test $(ADDRESS) --skip-build \
	    --no-parallel \
	    --filter 'EndToEndTests\.(BadInput|BadTarget|BadServer|Push|PushFile|Play[A-Za-z]*|Record[A-Za-z]*|Stream[A-Za-z]*)Tests'
	# Soak, and every moment at which a recorder can be killed, cut off or run out of disk.
	SLUICE_LONG=1 SLUICE_BINARY=$(CURDIR)/$(BINARY) swift test --disable-xctest --filter EndToEndTests
	# Synchronization.Mutex is a futex that the thread sanitizer does not see through (Swift 6.3), so it looks at
	# what is built on pthreads and C11 atomics: the queues, the stages, the sound ring. FFmpeg ends its UDP thread by
	# pthread_cancel, which the sanitizer takes for a fault of its own and dies of.
	swift test --disable-xctest --scratch-path $(SANITIZED)-thread --sanitize thread \
	    --filter 'ModelTests|TimingTests|IntakeTests|PlayerTests|AudioRing' --skip whatFFmpegReads_isTakenUp

clean: ## Remove what was built
	rm -rf .build .build-fuzz $(SANITIZED) $(SANITIZED)-thread
