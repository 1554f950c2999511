"""ClickHouse as a server, out of chDB's library: its own HTTP and TCP interfaces on the engine that chDB embeds.

The library carries the program `clickhouse local`, which can listen. Node cannot call a function of a library; Python can.
Arguments: the library, the directory of the data, the configuration. Runs until it is killed, or until its parent ends.
"""
import ctypes
import signal
import sys

library, directory, configuration = sys.argv[1:]
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

QUERY = (
    "SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; SELECT sleepEachRow(1) FROM numbers(86400)"
    " SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 2000000"
)
words = [
    b"clickhouse",
    b"--path=" + directory.encode(),
    b"--config-file=" + configuration.encode(),
    b"--output-format=TSV",
    b"--query=" + QUERY.encode(),
]
run = ctypes.CDLL(library).query_stable_v2
run.restype = ctypes.c_void_p
run(len(words), (ctypes.c_char_p * (len(words) + 1))(*words, None))
