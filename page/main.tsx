import { render } from "preact";

render(<p>pgrove</p>, document.getElementById("page") as HTMLElement);
