# The targets that set up, build, run and test ZMalloc; the work itself is in scripts/.
#
# Variables: JDK=/path/to/jdk chooses the JDK, ARGS="..." goes to the command line of run, replay, info, top, stress, bench-peers,
# bench-store, bench-eviction, bench-jcache and compare-allocators, TEST=Name runs one test class, QUICK=1 makes a benchmark short,
# ZMALLOC_NO_INSTALL=1 keeps system packages from being installed.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run replay info top test test-jcache jars stress bench-zmalloc bench-peers bench-store bench-eviction \
	bench-jcache compare-allocators check format bindings clean
.DELETE_ON_ERROR:

export JDK ZMALLOC_NO_INSTALL

CLI_JAR := target/zmalloc-cli.jar
# Folders too: one is newer than the jar when a file of it was removed.
CLI_SOURCES := pom.xml LICENSE $(shell find src/main src/assembly)

help: ## Lists the targets
	@echo 'make TARGET [JDK=/path/to/jdk] [ARGS="..."] [TEST=Name] [ZMALLOC_TRACES=FOLDER]'
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

setup: ## Finds the JDK and installs the native allocators that are wanted and missing
	@jdk=$$(scripts/find-jdk.sh) && echo "JDK: $$jdk"
	@scripts/natives.sh test

run: ## Runs the main job: a store on real input (options in ARGS)
	@scripts/natives.sh run
	@$(MAKE) --no-print-directory -s $(CLI_JAR)
	@scripts/zmalloc run $(ARGS)

replay: ## Runs a recorded trace through a store, under some policies and limits (ARGS='FILE ...')
	@scripts/natives.sh run
	@$(MAKE) --no-print-directory -s $(CLI_JAR)
	@scripts/zmalloc replay $(ARGS)

info: ## Tells which allocator serves, from which file, and why not another
	@scripts/natives.sh run
	@$(MAKE) --no-print-directory -s $(CLI_JAR)
	@scripts/zmalloc info $(ARGS)

top: ## Shows the memory of another JVM and its stores live (ARGS=PID)
	@$(MAKE) --no-print-directory -s $(CLI_JAR)
	@scripts/zmalloc top $(ARGS)

$(CLI_JAR): $(CLI_SOURCES)
	@echo 'Building $@'
	@scripts/mvn.sh package -Dmaven.test.skip=true
	@touch $@

# ZMALLOC_TRACES=FOLDER in the environment names published traces, which tests then read too.
test: ## Runs all tests (ZMALLOC_TRACES=FOLDER: on published traces too), with each allocator, guarded, with faults
	@scripts/natives.sh test
	@echo 'Compiling and testing'
	@scripts/mvn.sh verify $(if $(TEST),-Dtest=$(TEST) -Dsurefire.failIfNoSpecifiedTests=false)

jars: ## Builds the library's jar and those of its sources and documentation, which must not have a warning
	@echo 'Building target/zmalloc.jar, target/zmalloc-sources.jar, target/zmalloc-javadoc.jar'
	@scripts/mvn.sh package -Pjars -Dmaven.test.skip=true

test-jcache: ## Runs the TCK of JCache (JSR-107) alone
	@echo 'Compiling and testing'
	@scripts/mvn.sh test-compile surefire:test@jcache

stress: ## Does all operations of a store from many threads for a minute, and checks them (ARGS='--seconds N')
	@scripts/natives.sh test
	@scripts/stress.sh $(ARGS)

bench-zmalloc: ## Measures allocating and freeing beside the same in C (QUICK=1: two minutes)
	@scripts/natives.sh run
	@scripts/bench.sh

bench-peers: ## Measures the store beside other maps and caches, 25 minutes (QUICK=1: four; options in ARGS)
	@scripts/natives.sh run
	@scripts/bench-peers.sh $(ARGS)

bench-store: ## Measures the store by itself, 15 minutes and 10 GB (QUICK=1: two minutes; options in ARGS)
	@scripts/natives.sh run
	@scripts/bench-store.sh $(ARGS)

bench-eviction: ## Measures a store at its limit, 19 minutes and 4 GB (QUICK=1: a minute and a half; options in ARGS)
	@scripts/natives.sh run
	@scripts/bench-eviction.sh $(ARGS)

bench-jcache: ## Measures JCache beside the store, Ehcache and Caffeine, 12 minutes (QUICK=1: three; options in ARGS)
	@scripts/natives.sh run
	@scripts/bench-jcache.sh $(ARGS)

compare-allocators: ## Compares the installed allocators on recorded workloads (QUICK=1: twenty seconds)
	@scripts/natives.sh test
	@scripts/compare.sh $(ARGS)

check: ## Checks formatting, lint, Error Prone, NullAway, doc comments, layers and shell scripts
	@echo 'Checking'
	@scripts/mvn.sh test -Pcheck
	@if type -P shellcheck >/dev/null; then shellcheck -x .ci/run scripts/*; \
	else echo 'No shellcheck here: the scripts go unchecked.'; fi

format: ## Formats the Java code
	@scripts/mvn.sh spotless:apply

bindings: ## Generates the native bindings anew and shows the difference (needs jextract 22)
	@scripts/bindings.sh

clean: ## Removes what was built
	@rm -rf target
