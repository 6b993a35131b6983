# The targets that build, test and run ZMalloc. The work itself is in scripts/.

MVN := scripts/mvn

.DEFAULT_GOAL := help
.PHONY: help test clean

help: ## Lists the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

test: ## Runs all tests
	@$(MVN) test

clean: ## Removes what was built
	@rm -rf target
