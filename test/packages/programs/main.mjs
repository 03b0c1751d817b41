import { Consumer, json, Producer, utf8 } from 'rdkafka-rx';
import { liveHandles, MockCluster } from 'rdkafka-rx/testing';
import smoke from './smoke.cjs';

await smoke({ Consumer, Producer, json, utf8 }, { MockCluster, liveHandles });
console.log('consumed');
