// Signs drawn once on a 2D canvas: the shape says it before the colour does.

const COLORS = ["#ff5a52", "#ff9d3b", "#f5d547", "#7db1ff", "#9aa7b4"];

function draw(size, paint) {
  const canvas = document.createElement("canvas");
  canvas.width = size;
  canvas.height = size;
  const pen = canvas.getContext("2d");
  pen.translate(size / 2, size / 2);
  paint(pen, size / 2);
  return pen.getImageData(0, 0, size, size);
}

function polygon(pen, corners, radius, turn) {
  pen.beginPath();
  for (let i = 0; i < corners; i++) {
    const angle = turn + (2 * Math.PI * i) / corners;
    pen.lineTo(radius * Math.sin(angle), -radius * Math.cos(angle));
  }
  pen.closePath();
}

const SHAPES = [
  (pen, r) => polygon(pen, 8, r, Math.PI / 8),
  (pen, r) => { pen.translate(0, r * 0.15); polygon(pen, 3, r * 1.1, 0); },
  (pen, r) => polygon(pen, 4, r, 0),
  (pen, r) => { pen.beginPath(); pen.arc(0, 0, r * 0.9, 0, 2 * Math.PI); },
  (pen, r) => { pen.beginPath(); pen.rect(-r * 0.75, -r * 0.75, r * 1.5, r * 1.5); },
];

function incident(priority) {
  return draw(112, (pen, half) => {
    SHAPES[priority - 1](pen, half * 0.82);
    pen.fillStyle = COLORS[priority - 1];
    pen.strokeStyle = "#0c1117";
    pen.lineWidth = 7;
    pen.stroke();
    pen.fill();
    pen.fillStyle = "#0c1117";
    pen.font = "bold 50px sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(String(priority), 0, 4);
  });
}

const post = () => draw(64, (pen) => {
  pen.beginPath();
  pen.moveTo(0, -22);
  pen.lineTo(19, -14);
  pen.lineTo(19, 3);
  pen.quadraticCurveTo(16, 19, 0, 26);
  pen.quadraticCurveTo(-16, 19, -19, 3);
  pen.lineTo(-19, -14);
  pen.closePath();
  pen.fillStyle = "#123c3a";
  pen.strokeStyle = "#3fb5a3";
  pen.lineWidth = 6;
  pen.fill();
  pen.stroke();
});

const gate = () => draw(64, (pen) => {
  pen.fillStyle = "#c9d3dd";
  pen.fillRect(-24, -20, 8, 40);
  pen.fillRect(16, -20, 8, 40);
  pen.fillStyle = "#ff9d3b";
  pen.fillRect(-20, -7, 40, 10);
});

export function makeIcons() {
  const icons = [["post", post()], ["gate", gate()]];
  for (let priority = 1; priority <= 5; priority++) icons.push([`incident-${priority}`, incident(priority)]);
  return icons;
}
