"""A client over SCTP in UDP that has the same ports whenever it is started, so that the one after a kill begins the association anew.

usage: reborn.py PORT UDP-PORT OWN-PORT OWN-UDP-PORT     the agent's two and its own two; says "open" once it has a CEA
"""
import sys

from common import wait_until
from diameter import AUTH_APPLICATION_ID, CER, DWR, HOST_IP_ADDRESS, REQUEST, RESULT_CODE, SIP, Message, avp, write
from sctp import SctpSocket, Stack

ME = avp(264, 'reborn.example.com') + avp(296, 'example.com')


def exchange(client):
    """Has it answered our CER?"""
    client.send(write(REQUEST, CER, 0, 1, 1, avp(HOST_IP_ADDRESS, b'\0\1\x7f\0\0\1'), avp(266, 0), avp(269, 'probe'),
                      avp(AUTH_APPLICATION_ID, SIP), ME))
    received = client.receive()
    return received and Message(received.octets).number(RESULT_CODE) == 2001


def attempt(port, udp_port, own):
    """The agent ends an association that began anew, and takes the next one."""
    try:
        client = SctpSocket(port, udp_port, own)
    except OSError:
        return None
    try:
        if exchange(client):
            return client
    except OSError:
        pass
    client.close(reset=True)
    return None


def main():
    port, udp_port, own, own_udp_port = map(int, sys.argv[1:])
    Stack.open(own_udp_port)
    client = wait_until(lambda: attempt(port, udp_port, own), 'a CEA')
    print('open', flush=True)
    while received := client.receive():
        message = Message(received.octets)
        if message.command == DWR:
            client.send(write(0, DWR, 0, message.hop_by_hop, message.end_to_end, avp(RESULT_CODE, b'\0\0\x07\xd1'), ME))


if __name__ == '__main__':
    main()
