"""``dropout-study-proxy``: Optuna's gRPC proxy in front of a database."""

import sys

from dropout_study.cli.ending import ending_in_one_line
from dropout_study.cli.options import Options, resolved

PORT = 13000


@ending_in_one_line("proxy")
def proxy() -> None:
    """``dropout-study-proxy --storage URL``: serves a database to processes by ``grpc://``."""
    options = Options(
        "proxy",
        "Serve the storage of studies to many processes, which then use "
        "hydra.sweeper.storage=grpc://HOST:PORT. The proxy asks for no password: whoever reaches "
        "its port can read and change the studies.",
    )
    options.add_argument(
        "--storage",
        type=resolved,
        metavar="URL",
        required=True,
        help="of a database server, e.g. '${oc.env:URL}'",
    )
    options.address(PORT, "")
    arguments = options.read()
    from dropout_study.search.storage.proxy import serve_proxy

    try:
        serve_proxy(arguments.storage, arguments.host, arguments.port)
    except KeyboardInterrupt:
        sys.exit(130)
