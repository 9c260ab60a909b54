// Echoes what comes over a WebSocket: new WebSocket('ws://localhost:8000/functions/v1/socket-echo').
Deno.serve((request) => {
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket')
    return new Response('This function speaks WebSocket', { status: 426 });
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
});
