"""Runs a command in a pseudo-terminal and copies what it draws to stdout: in-terminal.py COLUMNS COMMAND...

Lines on stdin: `ctrl-c` presses that key, `hang-up` closes the terminal (as a lost ssh connection does), anything else
is typed with Enter. Ends with the command's exit code.
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
while terminal in watched:
    ready, _, _ = select.select(watched, [], [])
    if 0 in ready:
        typed = os.read(0, 1024)
        if not typed:
            watched.remove(0)
        for line in typed.decode().splitlines():
            if line == "hang-up":
                os.close(terminal)
                watched.remove(terminal)
                break
            os.write(terminal, b"\x03" if line == "ctrl-c" else f"{line}\n".encode())
    if terminal in ready and terminal in watched:
        try:
            drawn = os.read(terminal, 65536)
        except OSError:
            break
        if not drawn:
            break
        os.write(1, drawn)
_child, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
