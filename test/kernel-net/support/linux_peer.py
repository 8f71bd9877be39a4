"""The Linux side: client HOST PORT CONNECTIONS BYTES | server PORT CONNECTIONS | refused HOST PORT | udp HOST PORT | ping HOST."""
import hashlib, os, socket, struct, sys, threading

def exchange(host, port, size, failures):
    try:
        s = socket.create_connection((host, port), 20)
        s.settimeout(40)
        data = os.urandom(size)
        def send():
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        got = hashlib.sha256()
        count = 0
        while chunk := s.recv(65536):
            got.update(chunk)
            count += len(chunk)
        sender.join()
        if got.digest() != hashlib.sha256(data).digest():
            failures.append(f"{count} of {size} bytes, or other bytes")
    except OSError as error:
        failures.append(repr(error))

def client(host, port, connections, size):
    failures = []
    threads = [threading.Thread(target=exchange, args=(host, port, size, failures)) for _ in range(connections)]
    for t in threads: t.start()
    for t in threads: t.join()
    print(f"{connections - len(failures)} of {connections} equal", failures[:3])
    return len(failures)

def echo(s):
    while chunk := s.recv(65536):
        s.sendall(chunk)
    s.shutdown(socket.SHUT_WR)
    s.close()

def server(port, connections):
    listener = socket.create_server(("0.0.0.0", port), backlog=128)
    print("listening", flush=True)
    threads = []
    for _ in range(connections):
        s, _peer = listener.accept()
        threads.append(threading.Thread(target=echo, args=(s,)))
        threads[-1].start()
    for t in threads: t.join()
    return 0

def refused(host, port):
    try:
        socket.create_connection((host, port), 5)
    except ConnectionRefusedError:
        return 0
    return 1

def udp(host, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((host, port))
    for size in [0, 1, 2, 17, 512, 1471, 1472, 1473, 2000, 2953, 9000, 40000, 65507]:
        data = os.urandom(size)
        s.send(data)
        back = s.recv(70000)
        if back != data:
            print("size", size, "came back as", len(back))
            return 1
    return 0

def checksum(data):
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff

def ping(host):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.settimeout(5)
    for number, size in enumerate([0, 1, 56, 1472, 1473, 5000, 60000]):
        body = os.urandom(size)
        rest = struct.pack("!HH", 4711, number) + body
        head = struct.pack("!BBH", 8, 0, checksum(b"\x08\0\0\0" + rest))
        s.sendto(head + rest, (host, 0))
        reply = s.recv(70000)[20:]
        if reply[0] != 0 or reply[4:] != rest or checksum(reply) != 0:
            print("size", size, "no echo")
            return 1
    return 0

kind, *rest = sys.argv[1:]
rest = [int(x) if x.isdigit() else x for x in rest]
sys.exit({"client": client, "server": server, "refused": refused, "udp": udp, "ping": ping}[kind](*rest))
