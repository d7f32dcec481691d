"""Runs a command in a pseudo-terminal and passes on what it draws: in-terminal.py COLUMNS COMMAND...

Lines on stdin are typed: `ctrl-c` is that key. Ends with the command's exit code.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

columns = int(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
watched = [terminal, 0]
while True:
    ready, _, _ = select.select(watched, [], [])
    if 0 in ready:
        typed = os.read(0, 1024)
        if not typed:
            watched.remove(0)
        for _ in range(typed.count(b"ctrl-c")):
            os.write(terminal, b"\x03")
    if terminal in ready:
        try:
            drawn = os.read(terminal, 65536)
        except OSError:
            break
        if not drawn:
            break
        os.write(1, drawn)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
