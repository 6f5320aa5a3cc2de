# make run | dev | test | check | bench | chaos | demo | lock | words    (what each does: README.md)

PYTHON := .venv/bin/python
CHROMIUM ?= chromium

.DELETE_ON_ERROR:
.PHONY: run dev demo test check bench chaos lock words browser libical

run: .venv/.stamp-run
	@exec $(PYTHON) manage.py serve

dev: .venv/.stamp-dev
	@DEBUG=true exec $(PYTHON) manage.py serve --reload

demo: .venv/.stamp-run
	@$(PYTHON) manage.py migrate --verbosity 0
	@$(PYTHON) manage.py demo

test: .venv/.stamp-dev tests/peers/node_modules/.stamp libical spamassassin $(if $(filter no,$(BROWSER)),,browser)
	@exec $(PYTHON) tests/run.py

bench: .venv/.stamp-dev
	@set -e; for bench in tests/bench/bench_*.py; do $(PYTHON) -m tests.bench.$$(basename $$bench .py); done

chaos: .venv/.stamp-dev
	@exec $(PYTHON) -m tests.chaos

# As a public installation would be set up.
check: export SITE_URL = https://cabinet.example.org
check: export MAIL_URL = smtp+tls://user:password@mail.example.org
check: export MAIL_FROM = invite@example.org
check: export SECRET_KEY = nothing-is-signed-with-this-0123456789-abcdefghijklmnopqrstuvwxyz
check: export TRUSTED_PROXY_COUNT = 1
check: .venv/.stamp-dev
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy .
	.venv/bin/djade --target-version 6.1 --check $$(git ls-files '*.html' '*.txt' | grep ^templates/)
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py check --deploy --fail-level WARNING
	$(PYTHON) -m pip check

lock:
	uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    --python-version 3.13 pyproject.toml -o requirements.lock
	uv pip compile --quiet --upgrade --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    --python-version 3.13 pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

# The sentences of code and pages into the catalogs, for translation; then the catalogs into what the server reads.
# Wants GNU gettext, which nothing else does.
words: .venv/.stamp-dev
	$(PYTHON) manage.py makemessages --locale ru --locale de --ignore tests --no-obsolete --no-wrap --add-location file
	$(PYTHON) manage.py compilemessages --ignore .venv

# The virtual environment: exactly the hash lock, wheels only, by uv where it is there and pip where not.
# A stamp is written last, so an interrupted installation is taken up again.

.venv/.stamp-run: requirements.lock
	@scripts/install requirements.lock
	@touch $@

.venv/.stamp-dev: .venv/.stamp-run requirements-dev.lock
	@scripts/install requirements-dev.lock
	@touch $@

tests/peers/node_modules/.stamp: tests/peers/package-lock.json
	@command -v npm >/dev/null || { echo "The tests compare with ical.js: install Node.js with npm first." >&2; exit 1; }
	npm ci --prefix tests/peers --no-audit --no-fund
	@touch $@

browser:
	@command -v $(CHROMIUM) >/dev/null || scripts/install-browser

libical: .venv/.stamp-dev
	@$(PYTHON) -c 'import ctypes; ctypes.CDLL("libical.so.3")' 2>/dev/null || scripts/install-libical

spamassassin:
	@command -v spamassassin >/dev/null || scripts/install-spamassassin
