import type { Bus } from '#kernel/bus';

/** The bus as rooms of this kind use it. */
export interface RoomBus extends Bus {
  /** A second room of this process uses it from now on, so that there is somebody to speak to even where the bus is this process's own. */
  share(): void;
}

/** @param bus of the stack */
export function createRoomBus(bus: Bus): RoomBus {
  let isShared = bus.isShared;
  return {
    get isShared() {
      return isShared;
    },
    get isConnected() {
      return bus.isConnected;
    },
    publish: (subject, payload) => bus.publish(subject, payload),
    subscribe: (subject, handler) => bus.subscribe(subject, handler),
    settled: () => bus.settled(),
    share() {
      isShared = true;
    },
  };
}
