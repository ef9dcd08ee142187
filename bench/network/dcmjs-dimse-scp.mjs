// dcmjs-dimse as an acceptor that answers success. Usage: node dcmjs-dimse-scp.mjs PORT
import dcmjsDimse from "dcmjs-dimse";

const { Server, Scp, responses, constants } = dcmjsDimse;
const { Status, PresentationContextResult } = constants;
dcmjsDimse.log.setLevel("silent");

class Sink extends Scp {
  associationRequested(association) {
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      context.setResult(PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
    }
    this.sendAssociationAccept();
  }
  cEchoRequest(request, callback) {
    const response = responses.CEchoResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }
  cStoreRequest(request, callback) {
    const response = responses.CStoreResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }
  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}
new Server(Sink).listen(Number(process.argv[2]));
process.once("SIGTERM", () => process.exit(0));
