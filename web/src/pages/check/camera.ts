/** Reads a QR code with the device's camera. Pictures stay in the page's memory. */

import decodeQR from "qr/decode.js";

/** The longer side of a picture that is looked at, and milliseconds between two. */
const LARGEST = 800;
const EVERY = 150;

/** Whether this browser can offer a camera at all. */
export function hasCamera(): boolean {
  return isSecureContext && typeof navigator.mediaDevices?.getUserMedia === "function";
}

export class Camera {
  readonly #video: HTMLVideoElement;
  readonly #canvas = document.createElement("canvas");
  #stream: MediaStream | null = null;
  #timer = 0;
  #stopped = false;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
  }

  /** Looks until a code is read that `found` takes. Rejects if there is no camera, or it may not be used. */
  async start(found: (text: string) => boolean): Promise<void> {
    this.#stopped = false;
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    this.#stream = stream;
    this.#video.srcObject = stream;
    if (!this.#stopped) await this.#video.play();
    if (this.#stopped) {
      this.stop(); // pressed while the browser asked, or the picture began
      return;
    }
    this.#timer = window.setInterval(() => {
      const text = this.#look();
      if (text !== null && found(text)) this.stop();
    }, EVERY);
  }

  /** Switches the camera off. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
  }

  #look(): string | null {
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, LARGEST / Math.max(videoWidth, videoHeight));
    const width = Math.floor(videoWidth * scale);
    const height = Math.floor(videoHeight * scale);
    const context = this.#canvas.getContext("2d", { willReadFrequently: true });
    if (!width || !height || !context) return null;
    this.#canvas.width = width;
    this.#canvas.height = height;
    context.drawImage(this.#video, 0, 0, width, height);
    try {
      return decodeQR({ width, height, data: context.getImageData(0, 0, width, height).data });
    } catch {
      return null; // no code in this picture
    }
  }
}
