const smoke = require('./smoke.cjs');

smoke(require('rdkafka-rx'), require('rdkafka-rx/testing')).then(() => console.log('consumed'));
