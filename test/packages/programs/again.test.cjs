// For jest, which provides `test`.
test('produces and consumes', async () => {
  await require('./smoke.cjs')(require('rdkafka-rx'), require('rdkafka-rx/testing'));
});
