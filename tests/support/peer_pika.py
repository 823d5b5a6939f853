"""Drives pika and aio-pika, in an environment of their own, at a broker; what they saw is one line of JSON."""

import asyncio
import json
import sys

#: What is seen on a broker that does as RabbitMQ does.
EXPECTED = {
    "got": ["1", False, 2],
    "again": ["1", True],
    "consumed": ["1", "2", "3"],
    "unroutable": 312,
    "no queue": 404,
    "no password": "ACCESS_REFUSED",
    "aio": [{"text": "é", "n": 1}, "body", 200_000],
}


def pika_sees(url):
    import pika

    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("kept", durable=True)
    for number in (1, 2, 3):
        channel.basic_publish("", "kept", str(number), pika.BasicProperties(delivery_mode=2), mandatory=True)
    method, _, body = channel.basic_get("kept")
    seen = {"got": [body.decode(), method.redelivered, method.message_count]}
    channel.basic_nack(method.delivery_tag, requeue=True)
    method, _, body = channel.basic_get("kept")
    seen["again"] = [body.decode(), method.redelivered]
    channel.basic_reject(method.delivery_tag, requeue=True)
    seen["consumed"] = []
    channel.basic_qos(prefetch_count=2)
    for method, _, body in channel.consume("kept", inactivity_timeout=5):
        seen["consumed"].append(body.decode())
        channel.basic_ack(method.delivery_tag)
        if len(seen["consumed"]) == 3:
            break
    channel.cancel()
    try:
        channel.basic_publish("", "nobody", b"", mandatory=True)
    except pika.exceptions.UnroutableError as error:
        seen["unroutable"] = error.messages[0].method.reply_code
    try:
        channel.queue_declare("nowhere", passive=True)
    except pika.exceptions.ChannelClosedByBroker as error:
        seen["no queue"] = error.reply_code
    connection.close()
    return seen


def pika_is_refused(url):
    import pika

    parameters = pika.URLParameters(url)
    parameters.credentials = pika.PlainCredentials("guest", "wrong")
    try:
        pika.BlockingConnection(parameters)
    except pika.exceptions.ProbableAuthenticationError as error:
        return str(error).partition(" - ")[0].rpartition("'")[2]


async def aio_pika_sees(url):
    import aio_pika

    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("fan", "fanout", auto_delete=True)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange)
        for body in (b"body", b"x" * 200_000):
            await exchange.publish(aio_pika.Message(body, headers={"text": "é", "n": 1}), "")
        first, second = await queue.get(), await queue.get()
        await first.ack()
        await second.ack()
        return [dict(first.headers), first.body.decode(), len(second.body)]


def main(url):
    seen = pika_sees(url)
    seen["no password"] = pika_is_refused(url)
    seen["aio"] = asyncio.run(aio_pika_sees(url))
    print(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
