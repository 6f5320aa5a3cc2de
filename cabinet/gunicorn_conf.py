"""How gunicorn serves: `gunicorn -c python:cabinet.gunicorn_conf cabinet.wsgi`."""

from pathlib import Path

from cabinet import environ
from cabinet.logs import logging_config

bind = "127.0.0.1:" + environ.read("PORT", "8000")
workers = environ.read_with("WORKERS", "2", environ.whole_number(1, 64))
threads = 4
timeout = 60
graceful_timeout = 30
# A leak, should there be one, never grows old; the jitter keeps the processes from starting anew all at once.
max_requests = 2000
max_requests_jitter = 200
limit_request_line = 4094
limit_request_field_size = 8190
# Nobody is believed here: settings.py decides by TRUSTED_PROXY_COUNT which forwarding headers count.
forwarded_allow_ips = ""
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeats belong into memory
logconfig_dict = logging_config("WARNING")
