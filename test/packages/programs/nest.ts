// A NestJS service that owns a consumer and a producer, from the module's start to its end.
import 'reflect-metadata';
import { Injectable, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Consumer, json, Producer, utf8 } from 'rdkafka-rx';
import { MockCluster } from 'rdkafka-rx/testing';

interface Order {
  readonly id: number;
}

@Injectable()
class Kafka implements OnModuleInit, OnApplicationShutdown {
  cluster!: MockCluster;
  producer!: Producer<string, Order>;
  consumer!: Consumer<string, Order>;

  async onModuleInit(): Promise<void> {
    this.cluster = await MockCluster.start({ topics: ['orders'] });
    const config = { 'bootstrap.servers': this.cluster.bootstrapServers };
    this.producer = new Producer(config, { key: utf8, value: json<Order>() });
    this.consumer = new Consumer(
      { ...config, 'group.id': 'nest', 'auto.offset.reset': 'earliest' },
      { key: utf8, value: json<Order>() },
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.producer.close(), this.consumer.close()]);
    await this.cluster.stop();
  }
}

@Injectable()
class Orders {
  constructor(private readonly kafka: Kafka) {}

  async place(id: number): Promise<number> {
    await this.kafka.producer.send({ topic: 'orders', key: 'a', value: { id } });
    let got = -1;
    const orders = this.kafka.consumer.stream('orders', { until: 'eof' });
    await orders.run(async (message) => {
      got = message.value.id;
    });
    return got;
  }
}

@Module({ providers: [Kafka, Orders] })
class App {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });
  const got = await app.get(Orders).place(42);
  await app.close();
  if (got !== 42) throw new Error(`got ${got}`);
  console.log('consumed');
}

void main();
