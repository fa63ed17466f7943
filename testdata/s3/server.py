"""An S3-compatible server on loopback with one empty bucket. Prints its URL, and stops when standard input ends.

Exit status 3: moto is not installed.
"""

import contextlib
import sys

try:
    import boto3
    from moto.server import ThreadedMotoServer
except ImportError:
    sys.exit(3)

with contextlib.redirect_stdout(sys.stderr):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
url = "http://%s:%s" % server.get_host_and_port()
keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
boto3.client("s3", endpoint_url=url, **keys).create_bucket(Bucket=sys.argv[1])
print(url, flush=True)
sys.stdin.read()
server.stop()
