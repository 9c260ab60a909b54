// What Node can do at best in the place of the program: answer by itself, and pass bytes on without reading them.
// Arguments: port of the server that answers, port of the one that passes on, port it passes on to.
import { createServer } from 'node:http';
import { connect, createServer as createSocketServer } from 'node:net';

const [answering, passing, target] = process.argv.slice(2).map(Number) as [number, number, number];
createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 2 });
  response.end('ok');
}).listen(answering, '127.0.0.1');
createSocketServer({ noDelay: true }, (client) => {
  const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true });
  client.pipe(upstream).pipe(client);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
}).listen(passing, '127.0.0.1');
