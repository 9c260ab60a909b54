import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

// What a room costs at least with the same library: each message of a socket is sent to the others of its path as it is.
const rooms = new Map<string, Set<import('ws').WebSocket>>();
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, skipUTF8Validation: true });
sockets.on('connection', (socket, { url = '' }) => {
  const room = rooms.get(url) ?? new Set();
  rooms.set(url, room.add(socket));
  socket.on('message', (data) => {
    for (const other of room) if (other !== socket) other.send(data as Buffer);
  });
  socket.on('close', () => room.delete(socket));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
